/* flite's library holds a player for ALSA sound cards that speech never calls.
 * These stand in for libasound so that nothing has to be linked or installed;
 * each says that it failed. */

#define ABSENT(function) \
    int function(void);  \
    int function(void)   \
    {                    \
        return -1;       \
    }

ABSENT(snd_config_update_free_global)
ABSENT(snd_pcm_close)
ABSENT(snd_pcm_drain)
ABSENT(snd_pcm_drop)
ABSENT(snd_pcm_hw_params)
ABSENT(snd_pcm_hw_params_any)
ABSENT(snd_pcm_hw_params_set_access)
ABSENT(snd_pcm_hw_params_set_channels)
ABSENT(snd_pcm_hw_params_set_format)
ABSENT(snd_pcm_hw_params_set_rate)
ABSENT(snd_pcm_hw_params_sizeof)
ABSENT(snd_pcm_open)
ABSENT(snd_pcm_prepare)
ABSENT(snd_pcm_resume)
ABSENT(snd_pcm_set_params)
ABSENT(snd_pcm_state)
ABSENT(snd_pcm_wait)
ABSENT(snd_pcm_writei)
ABSENT(snd_strerror)
