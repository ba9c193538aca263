//! The settings as each crate wants them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use api::{
    ApiConfig, DiallingSettings, EvaluationSettings, IdempotencySettings, IntentSettings,
    LimitSettings, OauthSettings, PriceList, TranscriptionSettings, WebhookSettings,
    WhatsappSettings,
};
use audio::SampleRate;
use audio::codec::OpusSettings;
use bundle::Limits;
use engine::keeping::Shelf;
use engine::{EngineConfig, Patience};
use media::MediaConfig;
use outbound::Guard;
use recordings::{Key, Keys};
use sip::{Secret, SipConfig, TrunkConfig};
use store::PostgresSettings;
use url::Url;

use super::{Config, LoadConfigError, Transport, Trunk};
use crate::abilities;

impl Config {
    /// The Postgres database, if there is one.
    pub(crate) fn postgres(&self) -> Option<PostgresSettings> {
        given(self.store.database_url.expose()).map(|url| PostgresSettings {
            url: Secret::new(url),
            connections: self.store.connections,
        })
    }

    /// The country whose numbers need no country code, if there is one.
    pub(crate) fn default_country(&self) -> Option<&str> {
        given(&self.http.default_country)
    }

    /// Settings of signalling.
    pub(crate) fn sip(&self) -> Result<SipConfig, LoadConfigError> {
        let external: Option<IpAddr> = match given(&self.sip.external_address) {
            None => None,
            Some(address) => Some(address.parse().map_err(|_| {
                let expected = "sip.external_address must be an IP address";
                LoadConfigError::Conflict(expected.to_owned())
            })?),
        };
        Ok(SipConfig {
            external_address: external,
            user_agent: concat!("mihu/", env!("CARGO_PKG_VERSION")).to_owned(),
            trunks: self.sip.trunks.iter().map(Trunk::to_config).collect(),
            allow: self.sip.allow.clone(),
            max_calls: self.calls.max,
            ring_timeout: self.sip.ring_timeout,
            gateway_timeout: self.sip.gateway_timeout,
            permits_gateway: if self.sip.allow_private_gateways {
                |address| Guard::WITH_PRIVATE.permits(address)
            } else {
                |address| Guard::PUBLIC_ONLY.permits(address)
            },
            transfer_timeout: self.sip.transfer_timeout,
            codecs: self.sip.codecs.clone(),
            srtp: self.sip.srtp,
            comfort_noise: self.sip.comfort_noise,
            retry_after: self.calls.retry_after,
            ..SipConfig::new(self.sip.listen)
        })
    }

    /// Settings of what the intents of agents have done.
    pub(crate) fn intents(&self) -> IntentSettings {
        IntentSettings {
            timeout: self.intents.timeout,
            longest_reply: self.intents.longest_reply_bytes,
            allow_private: self.webhooks.allow_private,
            allow_http: self.webhooks.allow_http,
        }
    }

    /// The keys that recordings are or may be sealed with.
    pub(crate) fn keys(&self) -> Result<Keys, LoadConfigError> {
        let key = |setting: &str, text: &str| {
            Key::from_base64(text)
                .map_err(|error| LoadConfigError::Conflict(format!("calls.{setting}: {error}")))
        };
        let current = given(self.calls.recordings_key.expose());
        let current = current
            .map(|text| key("recordings_key", text))
            .transpose()?;
        let former = self.calls.former_recordings_keys.iter();
        let former = former.map(|text| key("former_recordings_keys", text.expose()));
        Ok(Keys::new(current, former.collect::<Result<_, _>>()?))
    }

    /// What outbound calls cost.
    pub(crate) fn prices(&self) -> Result<PriceList, LoadConfigError> {
        let wrong =
            |error: api::PriceListError| LoadConfigError::Conflict(format!("prices: {error}"));
        let rates = self.prices.rates.iter().map(|rate| {
            Ok(api::Rate {
                country_code: rate.country_code.clone(),
                country_name: rate.country_name.clone(),
                prefix: rate.destination_prefix.clone(),
                description: rate.description.clone(),
                per_minute: api::read_amount(&rate.per_minute)?,
                least_seconds: rate.min_duration_seconds,
                increment_seconds: rate.billing_increment_seconds,
            })
        });
        let rates: Result<Vec<_>, _> = rates.collect();
        PriceList::new(&self.prices.currency, rates.map_err(wrong)?).map_err(wrong)
    }

    /// The folder of the calls' recordings.
    pub(crate) fn recordings(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }

    /// Settings of calls and their media.
    pub(crate) fn engine(&self, keys: &Keys) -> EngineConfig {
        EngineConfig {
            max_calls: self.calls.max,
            recordings: self.recordings(),
            seal: keys.current().cloned(),
            bundles: self.calls.keep_bundles.then(|| Shelf {
                folder: self.data_dir.join("bundles"),
                limits: Limits {
                    most: self.calls.most_bundles,
                    longest: self.calls.keep_bundles_for,
                },
            }),
            retry_after: self.calls.retry_after,
            patience: Patience {
                longest_hold: self.calls.longest_hold,
                longest_goodbye: self.calls.longest_goodbye,
                longest_tool: self.calls.longest_tool,
                voicemail_detection: self.calls.voicemail_detection,
                voicemail_silence: self.calls.voicemail_silence,
                longest_voicemail_greeting: self.calls.longest_voicemail_greeting,
                last_words: self.calls.last_words,
                last_goodbye: self.calls.last_goodbye,
            },
            longest_lookup: self.calls.longest_lookup,
            media: MediaConfig {
                bind: self.media.bind,
                ports: self.media.port_min..=self.media.port_max,
                threads: self.media.threads,
                legs_per_thread: self.calls.max,
                no_rtp_timeout: self.media.no_rtp_timeout,
                raise_priority: self.media.raise_priority,
                playout_ceiling: self.media.longest_wait,
                max_busy: self.media.max_busy,
                max_lateness: self.media.max_lateness,
            },
            widest: self.widest(),
            opus: OpusSettings {
                complexity: self.media.opus_complexity,
                bitrate: self.media.opus_bitrate,
                ..OpusSettings::default()
            },
        }
    }

    /// The highest rate that the audio of any call may have.
    fn widest(&self) -> SampleRate {
        let trunks = self.sip.trunks.iter();
        let lists = trunks.filter_map(|trunk| trunk.codecs.as_ref());
        let rates = lists.chain([&self.sip.codecs]).map(line::widest_rate);
        rates.max().unwrap_or(SampleRate::HZ_8000)
    }

    /// Where spans of calls go, if anywhere.
    pub(crate) fn otlp(&self) -> Result<Option<spans::Settings>, spans::SettingsError> {
        let Some(endpoint) = given(&self.otlp.endpoint) else {
            return Ok(None);
        };
        Ok(Some(spans::Settings {
            headers: spans::headers(&Secret::new(self.otlp.headers.expose()))?,
            timeout: self.otlp.timeout,
            queue: self.otlp.queue,
            interval: self.otlp.interval,
            retry_for: self.otlp.retry_for,
            ..spans::Settings::new(endpoint)?
        }))
    }

    /// Settings of the HTTP API that listens on `listening`.
    pub(crate) fn api(
        &self,
        listening: SocketAddr,
        recordings: PathBuf,
        keys: Keys,
    ) -> Result<ApiConfig, LoadConfigError> {
        let public_url = match given(&self.http.public_url) {
            Some(url) => url.to_owned(),
            None => format!("http://{listening}"),
        };
        let public_url: Url = public_url.parse().map_err(|error| {
            LoadConfigError::Conflict(format!("http.public_url must be a URL: {error}"))
        })?;
        let graph_url: Url = self.whatsapp.graph_url.parse().map_err(|error| {
            LoadConfigError::Conflict(format!("whatsapp.graph_url must be a URL: {error}"))
        })?;
        Ok(ApiConfig {
            abilities: abilities::of_node(),
            agents_refresh: self.store.agents_refresh,
            max_body: self.http.max_body_bytes,
            body_timeout: self.http.body_timeout,
            header_timeout: self.http.header_timeout,
            write_timeout: self.http.write_timeout,
            linger: self.http.linger,
            linger_idle: self.http.linger_idle,
            close_grace: self.http.close_grace,
            max_connections: self.http.max_connections.get(),
            max_connections_per_address: self.http.max_connections_per_address,
            trusted_proxies: self.http.trusted_proxies.clone(),
            proxy_header: self.http.proxy_header,
            first_record_retry: self.calls.first_record_retry,
            longest_record_retry: self.calls.longest_record_retry,
            idempotency: IdempotencySettings {
                keep: self.http.idempotency_keep,
                takeover: self.http.idempotency_takeover,
                ..IdempotencySettings::default()
            },
            limits: LimitSettings {
                requests_per_second: self.http.limits.requests_per_second,
                burst: self.http.limits.burst,
                monthly_quota: self.http.limits.monthly_quota,
                failures_per_minute: self.http.limits.failures_per_minute,
                oauth_per_minute: self.http.limits.oauth_per_minute,
            },
            oauth: OauthSettings {
                code_lifetime: self.oauth.code_lifetime,
                access_token_lifetime: self.oauth.access_token_lifetime,
                refresh_token_lifetime: self.oauth.refresh_token_lifetime,
            },
            open_metrics: self.http.open_metrics,
            default_country: self.default_country().map(str::to_owned),
            webhooks: WebhookSettings {
                connect_timeout: self.webhooks.timeout,
                total_timeout: self.webhooks.timeout,
                retry_window: self.webhooks.retry_for,
                first_retry: self.webhooks.first_retry,
                longest_retry: self.webhooks.longest_retry,
                parallel: self.webhooks.parallel.get(),
                parallel_per_webhook: self.webhooks.parallel_per_webhook.get(),
                keep: self.webhooks.keep_for,
                pause_after: self.webhooks.pause_after.get(),
                first_pause: self.webhooks.first_pause,
                longest_pause: self.webhooks.longest_pause,
                allow_private: self.webhooks.allow_private,
                allow_http: self.webhooks.allow_http,
                ..WebhookSettings::default()
            },
            prices: self.prices()?,
            bundles: Some(self.data_dir.join("bundles")),
            dialling: DiallingSettings {
                enabled: self.dialling.enabled,
                parallel: self.dialling.parallel.get(),
                lease: self.dialling.lease,
                poll_interval: self.dialling.poll_interval,
            },
            evaluation: EvaluationSettings {
                parallel: self.evaluation.parallel.get(),
                timeout: self.evaluation.timeout,
                report_wait: self.evaluation.report_wait,
                ..EvaluationSettings::default()
            },
            transcriptions: TranscriptionSettings {
                threads: self.transcriptions.threads,
                max_file: self.transcriptions.max_file_bytes,
                longest: self.transcriptions.longest,
                upload_timeout: self.transcriptions.upload_timeout,
                download_timeout: self.transcriptions.download_timeout,
                lease: self.transcriptions.lease,
                attempts: self.transcriptions.attempts.get(),
                retry_after: self.transcriptions.retry_after,
                ..TranscriptionSettings::new(self.data_dir.join("transcriptions"))
            },
            whatsapp: WhatsappSettings {
                graph_url,
                graph_version: self.whatsapp.graph_version.clone(),
                timeout: self.whatsapp.timeout,
                retry_after: self.whatsapp.retry_after,
            },
            keys,
            ..ApiConfig::new(public_url, recordings)
        })
    }
}

impl Trunk {
    fn to_config(&self) -> TrunkConfig {
        TrunkConfig {
            transport: match self.transport {
                Transport::Udp => sip::Transport::Udp,
                Transport::Tcp => sip::Transport::Tcp,
            },
            username: given(&self.username).map(str::to_owned),
            password: given(self.password.expose()).map(Secret::new),
            from: given(&self.from).map(str::to_owned),
            prefixes: self.prefixes.clone(),
            strip_plus: self.strip_plus,
            codecs: self.codecs.clone(),
            srtp: self.srtp,
            ..TrunkConfig::new(&self.name, &self.gateway)
        }
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
