//! Profiles that have a name.

use std::time::Duration;

use crate::bottleneck::{Bottleneck, CrossTraffic};
use crate::profile::{Freezes, Jitter, Loss, Order, Profile};
use crate::units::{BitRate, Drift, Share};

/// A profile that has a name. Each is a model, there for one kind of trouble, with
/// figures that such networks are known for; none is a recording of one. A path that
/// was measured is a [`Trace`](crate::Trace).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// `clean`: every packet arrives once and at once.
    Clean,
    /// `wifi`: delay 15 ms, normal jitter of 8 ms, 0.4 % lost in bursts (the
    /// network turns bad after 0.5 % of packets, good again after 30 %, and loses
    /// 25 % while bad).
    Wifi,
    /// `mobile`: delay 60 ms, normal jitter of 20 ms, 1 % lost, and in every 20 s
    /// a handover in which nothing arrives for 400 ms.
    Mobile,
    /// `lossy`: delay 40 ms, normal jitter of 5 ms, 5 % lost, 1 % twice, and
    /// packets may overtake each other.
    Lossy,
    /// `bursty`: delay 40 ms, 5.6 % lost in bursts (the network turns bad after
    /// 2 % of packets, good again after 25 %, and loses 75 % while bad).
    Bursty,
    /// `spiky`: delay 40 ms, which after 0.5 % of packets leaps by 200 ms and falls
    /// back within 400 ms.
    Spiky,
    /// `drift`: delay 20 ms, normal jitter of 3 ms, a sender whose clock is fast by
    /// 300 ppm.
    Drift,
    /// `freeze`: delay 40 ms, and in every 10 s nothing arrives for 1 s.
    Freeze,
    /// `bufferbloat`: delay 20 ms, normal jitter of 1 ms, and an uplink of 2 Mbit/s with
    /// a queue of 300 ms that an upload of 2.2 Mbit/s fills for 2 s on average, after
    /// pauses of 3 s on average: the delay swells by up to 300 ms and falls back.
    Bufferbloat,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 9] = [
        Self::Clean,
        Self::Wifi,
        Self::Mobile,
        Self::Lossy,
        Self::Bursty,
        Self::Spiky,
        Self::Drift,
        Self::Freeze,
        Self::Bufferbloat,
    ];

    /// The preset with this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Wifi => "wifi",
            Self::Mobile => "mobile",
            Self::Lossy => "lossy",
            Self::Bursty => "bursty",
            Self::Spiky => "spiky",
            Self::Drift => "drift",
            Self::Freeze => "freeze",
            Self::Bufferbloat => "bufferbloat",
        }
    }

    /// How its network behaves.
    pub fn profile(self) -> Profile {
        let ms = Duration::from_millis;
        match self {
            Self::Clean => Profile::default(),
            Self::Wifi => Profile {
                delay: ms(15),
                jitter: Jitter::Normal(ms(8)),
                loss: Loss::GilbertElliott {
                    decline: Share(0.005),
                    recovery: Share(0.3),
                    loss_in_good: Share::NONE,
                    loss_in_bad: Share(0.25),
                },
                ..Profile::default()
            },
            Self::Mobile => Profile {
                delay: ms(60),
                jitter: Jitter::Normal(ms(20)),
                loss: Loss::Uniform(Share(0.01)),
                freezes: Freezes::new(ms(20_000), ms(400)),
                ..Profile::default()
            },
            Self::Lossy => Profile {
                delay: ms(40),
                jitter: Jitter::Normal(ms(5)),
                loss: Loss::Uniform(Share(0.05)),
                order: Order::Free,
                duplication: Share(0.01),
                ..Profile::default()
            },
            Self::Bursty => Profile {
                delay: ms(40),
                loss: Loss::GilbertElliott {
                    decline: Share(0.02),
                    recovery: Share(0.25),
                    loss_in_good: Share::NONE,
                    loss_in_bad: Share(0.75),
                },
                ..Profile::default()
            },
            Self::Spiky => Profile {
                delay: ms(40),
                jitter: Jitter::Spiky {
                    share: Share(0.005),
                    peak: ms(200),
                    fading: ms(400),
                },
                ..Profile::default()
            },
            Self::Drift => Profile {
                delay: ms(20),
                jitter: Jitter::Normal(ms(3)),
                drift: Drift(300),
                ..Profile::default()
            },
            Self::Freeze => Profile {
                delay: ms(40),
                freezes: Freezes::new(ms(10_000), ms(1_000)),
                ..Profile::default()
            },
            Self::Bufferbloat => Profile {
                delay: ms(20),
                jitter: Jitter::Normal(ms(1)),
                bottleneck: Some(Bottleneck {
                    rate: BitRate(2_000_000),
                    queue: ms(300),
                    cross: CrossTraffic::new(BitRate(2_200_000), ms(2_000), ms(3_000)),
                }),
                ..Profile::default()
            },
        }
    }
}
