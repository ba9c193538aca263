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

/* The noise that excites the voice, xorshift32 of the thread's own. C's rand()
 * is one sequence for the whole process, so that what an utterance sounds like
 * would depend on all that was said before it; here each begins anew. */
static const uint32_t NOISE_BEGIN = 2463534242u;
static _Thread_local uint32_t noise = 2463534242u;

int speech_flite_rand(void)
{
    noise ^= noise << 13;
    noise ^= noise >> 17;
    noise ^= noise << 5;
    return (int)(noise & RAND_MAX);
}

struct delivery {
    const cst_utterance *utterance;
    speech_flite_token token;
    speech_flite_deliver deliver;
    void *context;
    int begun;
    int stopped;
};

/* The segment at the end of `path`, which begins at a token; NULL if there is none. */
static const cst_item *segment(const cst_item *token, const char *path)
{
    const cst_item *sound = path_to_item(token, path);
    return sound == NULL ? NULL : item_as(sound, "Segment");
}

/* The times of the segments are final before the first of them is heard. */
static void tell_tokens(const struct delivery *delivery)
{
    cst_relation *tokens = utt_relation(delivery->utterance, "Token");

    for (const cst_item *token = relation_head(tokens); token != NULL; token = item_next(token)) {
        const cst_item *first =
            segment(token, "daughter1.R:SylStructure.daughter1.daughter1");
        const cst_item *last =
            segment(token, "daughtern.R:SylStructure.daughtern.daughtern");
        if (first == NULL || last == NULL)
            continue;
        const cst_item *before = item_prev(first);
        float begins = before == NULL ? 0.0f : item_feat_float(before, "end");
        delivery->token(delivery->context, item_feat_string(token, "name"), begins,
                        item_feat_float(last, "end"));
    }
}

static int pass_on(const cst_wave *wave, int start, int size, int last,
                   cst_audio_streaming_info *streaming)
{
    struct delivery *delivery = streaming->userdata;
    (void)last;

    if (!delivery->begun) {
        delivery->begun = 1;
        tell_tokens(delivery);
    }
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
                       speech_flite_token token, speech_flite_deliver deliver,
                       void *context)
{
    jmp_buf here;
    struct delivery delivery = {NULL, token, deliver, context, 0, 0};

    escape = &here;
    if (setjmp(here) != 0) {
        escape = NULL;
        return SPEECH_FLITE_FAILED;
    }

    noise = NOISE_BEGIN;
    cst_utterance *utterance = new_utterance();
    utt_set_input_text(utterance, text);
    utt_init(utterance, voice);
    delivery.utterance = utterance;

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
