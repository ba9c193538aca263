//! Which codecs calls may be carried in.

use std::fmt;

use audio::codec::Codec;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Codecs in order of preference: at least one, and each once.
///
/// A configuration names them `opus`, `g722`, `pcmu`, `pcma`, `l16` (linear at 16 kHz) and
/// `l16/8000`.
#[derive(Clone, PartialEq, Eq)]
pub struct CodecList(Vec<Codec>);

/// A list of codecs that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCodecs {
    /// It is empty.
    #[error("the list of codecs is empty: expected at least one of {NAMES}")]
    Empty,
    /// It has a codec twice.
    #[error("the list of codecs has {name} twice: expected each codec once")]
    Repeated {
        /// The name of the codec.
        name: &'static str,
    },
    /// It has a name that no codec has.
    #[error("there is no codec {name:?}: expected one of {NAMES}")]
    Unknown {
        /// The name.
        name: String,
    },
}

const NAMES: &str = "opus, g722, pcmu, pcma, l16, l16/8000";

impl CodecList {
    /// Takes a list.
    ///
    /// # Errors
    /// [`InvalidCodecs`] when it is empty or has a codec twice.
    pub fn new(codecs: impl Into<Vec<Codec>>) -> Result<Self, InvalidCodecs> {
        let codecs = codecs.into();
        if codecs.is_empty() {
            return Err(InvalidCodecs::Empty);
        }
        for (index, codec) in codecs.iter().enumerate() {
            if codecs.iter().take(index).any(|other| other == codec) {
                return Err(InvalidCodecs::Repeated { name: name(*codec) });
            }
        }
        Ok(Self(codecs))
    }

    /// Takes a list of names.
    ///
    /// # Errors
    /// [`InvalidCodecs`] when it is empty, has a codec twice, or a name that no codec has.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidCodecs> {
        let codecs = names.into_iter().map(|wanted| {
            let mut known = Codec::ALL.into_iter();
            known
                .find(|codec| name(*codec).eq_ignore_ascii_case(wanted))
                .ok_or_else(|| InvalidCodecs::Unknown {
                    name: wanted.to_owned(),
                })
        });
        Self::new(codecs.collect::<Result<Vec<_>, _>>()?)
    }

    /// The codecs.
    pub fn as_slice(&self) -> &[Codec] {
        &self.0
    }

    /// Whether `codec` is among them.
    pub fn contains(&self, codec: Codec) -> bool {
        self.0.contains(&codec)
    }
}

impl Default for CodecList {
    /// What every telephone line takes: PCMU, then PCMA.
    fn default() -> Self {
        Self(vec![Codec::Pcmu, Codec::Pcma])
    }
}

impl fmt::Debug for CodecList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for CodecList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|codec| name(*codec)))
    }
}

impl<'de> Deserialize<'de> for CodecList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::from_names(names.iter().map(String::as_str)).map_err(D::Error::custom)
    }
}

const fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "pcmu",
        Codec::Pcma => "pcma",
        Codec::G722 => "g722",
        Codec::Opus => "opus",
        Codec::L16Narrow => "l16/8000",
        Codec::L16Wide => "l16",
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error as ValueError, SeqDeserializer};

    use super::*;

    #[test]
    fn every_codec_is_found_by_its_name_in_any_case() {
        let names = Codec::ALL.map(name);
        let list = CodecList::from_names(names).unwrap();
        assert_eq!(list.as_slice(), Codec::ALL);
        let loud = names.map(str::to_uppercase);
        assert_eq!(
            CodecList::from_names(loud.iter().map(String::as_str)),
            Ok(list)
        );
        for name in names {
            assert!(NAMES.split(", ").any(|listed| listed == name), "{name}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_used_says_why() {
        let error = |names: &[&str]| CodecList::from_names(names.iter().copied()).unwrap_err();
        assert_eq!(error(&[]), InvalidCodecs::Empty);
        assert_eq!(
            error(&["pcmu", "opus", "PCMU"]),
            InvalidCodecs::Repeated { name: "pcmu" }
        );
        assert_eq!(
            error(&["g729"]).to_string(),
            "there is no codec \"g729\": expected one of opus, g722, pcmu, pcma, l16, l16/8000"
        );
    }

    #[test]
    fn a_configuration_names_the_codecs() {
        type Names = SeqDeserializer<std::vec::IntoIter<&'static str>, ValueError>;
        let read = |names: Vec<&'static str>| CodecList::deserialize(Names::new(names.into_iter()));
        let list = read(vec!["opus", "l16"]).unwrap();
        assert_eq!(list.as_slice(), [Codec::Opus, Codec::L16Wide]);
        let error = read(vec!["opus", "opus"]).unwrap_err();
        assert!(error.to_string().contains("opus twice"), "{error}");
    }
}
