#include "flite_shim.h"

#include <flite/flite.h>
#include <setjmp.h>
#include <stdlib.h>

cst_voice *register_cmu_us_rms(const char *voxdir);

/* Where the thread returns to when flite gives up; NULL outside of flite. */
static _Thread_local jmp_buf *escape = NULL;

/* flite ends the process by exit() when a value has an unexpected type. The
 * build renames that call to this one, which ends only the utterance: what
 * flite had allocated for it is lost, as its state is unknown. */
void speech_flite_exit(int status)
{
    (void)status;
    if (escape != NULL)
        longjmp(*escape, 1);
    abort();
}

struct delivery {
    speech_flite_deliver deliver;
    void *context;
    int stopped;
};

static int pass_on(const cst_wave *wave, int start, int size, int last,
                   cst_audio_streaming_info *streaming)
{
    struct delivery *delivery = streaming->userdata;
    (void)last;

    if (size > 0 &&
        delivery->deliver(delivery->context, &wave->samples[start], (size_t)size) != 0) {
        delivery->stopped = 1;
        return CST_AUDIO_STREAM_STOP;
    }
    return CST_AUDIO_STREAM_CONT;
}

void *speech_flite_voice(void)
{
    jmp_buf here;
    void *voice = NULL;

    escape = &here;
    if (setjmp(here) == 0) {
        flite_init();
        voice = register_cmu_us_rms(NULL);
    }
    escape = NULL;
    return voice;
}

int speech_flite_sample_rate(const void *voice)
{
    return get_param_int(((const cst_voice *)voice)->features, "sample_rate", 0);
}

int speech_flite_speak(void *voice, const char *text, float stretch, int chunk,
                       speech_flite_deliver deliver, void *context)
{
    jmp_buf here;
    struct delivery delivery = {deliver, context, 0};

    escape = &here;
    if (setjmp(here) != 0) {
        escape = NULL;
        return SPEECH_FLITE_FAILED;
    }

    cst_utterance *utterance = new_utterance();
    utt_set_input_text(utterance, text);
    utt_init(utterance, voice);

    /* The features are the utterance's own: the shared voice is only read. */
    cst_audio_streaming_info *streaming = new_audio_streaming_info();
    streaming->min_buffsize = chunk;
    streaming->asc = pass_on;
    streaming->userdata = &delivery;
    feat_set(utterance->features, "streaming_info", audio_streaming_info_val(streaming));
    feat_set_float(utterance->features, "duration_stretch", stretch);

    cst_utterance *spoken = utt_synth(utterance);
    delete_utterance(utterance);
    escape = NULL;

    if (delivery.stopped)
        return SPEECH_FLITE_STOPPED;
    return spoken != NULL ? SPEECH_FLITE_SPOKEN : SPEECH_FLITE_FAILED;
}
