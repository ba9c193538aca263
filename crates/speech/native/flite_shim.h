/* The few things that Rust asks of flite, without flite's structures. */

#ifndef SPEECH_FLITE_SHIM_H
#define SPEECH_FLITE_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* Receives a piece of speech; returns 0 to go on, anything else to stop. */
typedef int (*speech_flite_deliver)(void *context, const int16_t *samples, size_t count);

/* Receives a token of the text, without the punctuation around it, and the
 * seconds from the first sample at which its sound begins and ends. */
typedef void (*speech_flite_token)(void *context, const char *name, float begins, float ends);

enum speech_flite_outcome {
    SPEECH_FLITE_SPOKEN = 0,
    SPEECH_FLITE_STOPPED = 1,
    SPEECH_FLITE_FAILED = 2
};

/* Registers the voice and returns it, NULL on failure. Not thread-safe: to be
 * called once, before anything is spoken. The voice is never freed. */
void *speech_flite_voice(void);

/* Samples per second that the voice speaks at, 0 if it does not say. */
int speech_flite_sample_rate(const void *voice);

/* Speaks `text` (UTF-8, terminated by a zero) on the calling thread, `stretch`
 * times as slowly as usual, and delivers about `chunk` samples at a time. Before
 * the first of them `token` receives, in order, all tokens that have sound. Any
 * number of threads may speak with one voice at a time. */
int speech_flite_speak(void *voice, const char *text, float stretch, int chunk,
                       speech_flite_token token, speech_flite_deliver deliver,
                       void *context);

#endif
