//! Takes an input apart, and puts one together.

/// What is left of an input. At its end every number is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn octet(&mut self) -> Option<u8> {
        self.array().map(|[octet]| octet)
    }

    pub(crate) fn half(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn word(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next `len` octets, or as many as there are.
    pub(crate) fn octets(&mut self, len: usize) -> &'a [u8] {
        let (octets, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        octets
    }

    /// What two octets of length are followed by, or as much as there is of it.
    pub(crate) fn record(&mut self) -> Option<&'a [u8]> {
        let len = self.half()?;
        Some(self.octets(usize::from(len)))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

/// Appends what [`Input::record`] reads.
pub(crate) fn put_record(input: &mut Vec<u8>, octets: &[u8]) {
    input.extend((octets.len() as u16).to_be_bytes());
    input.extend(octets);
}
