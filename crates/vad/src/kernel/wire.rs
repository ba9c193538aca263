//! Reads the wire format of protocol buffers, in which ONNX files are written: a message is a
//! sequence of fields, each a number and a value.

use thiserror::Error;

/// The bytes are no message: cut off, or of another format.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("byte {offset} of a message is not as in the protocol buffer format")]
pub(crate) struct MalformedMessage {
    /// From the beginning of the innermost message.
    pub(crate) offset: usize,
}

/// What a field holds. Values of 64 bits are skipped over: nothing that is read here is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// An integer or an enumeration.
    Integer(u64),
    /// A string, bytes, a message, or packed integers.
    Bytes(&'a [u8]),
    /// A number.
    Float(f32),
}

impl<'a> Value<'a> {
    pub(crate) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Integer(_) | Self::Float(_) => &[],
        }
    }

    /// The signed integer that is meant.
    pub(crate) const fn integer(self) -> i64 {
        match self {
            Self::Integer(integer) => integer.cast_signed(),
            Self::Bytes(_) | Self::Float(_) => 0,
        }
    }

    pub(crate) const fn float(self) -> f32 {
        match self {
            Self::Float(float) => float,
            Self::Integer(_) | Self::Bytes(_) => 0.0,
        }
    }

    /// Adds the integers of one occurrence of a repeated field, packed or not.
    pub(crate) fn append_integers(self, to: &mut Vec<i64>) -> Result<(), MalformedMessage> {
        match self {
            Self::Integer(integer) => to.push(integer.cast_signed()),
            Self::Bytes(bytes) => {
                let mut fields = Fields::new(bytes);
                while fields.offset < bytes.len() {
                    to.push(fields.varint()?.cast_signed());
                }
            }
            Self::Float(_) => {}
        }
        Ok(())
    }
}

/// The fields of one message in the order of the bytes, each with its number. Ends after the
/// first error.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    offset: usize,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(message: &'a [u8]) -> Self {
        Self { message, offset: 0 }
    }

    fn next_field(&mut self) -> Result<Option<(u64, Value<'a>)>, MalformedMessage> {
        while self.offset < self.message.len() {
            let tag = self.varint()?;
            let number = tag >> 3;
            match tag & 7 {
                0 => return Ok(Some((number, Value::Integer(self.varint()?)))),
                1 => {
                    self.take(8)?;
                }
                2 => {
                    let length = self.varint()?;
                    let length = usize::try_from(length).map_err(|_| self.malformed())?;
                    return Ok(Some((number, Value::Bytes(self.take(length)?))));
                }
                5 => {
                    let bytes = self.take(4)?.try_into().map_err(|_| self.malformed())?;
                    return Ok(Some((number, Value::Float(f32::from_le_bytes(bytes)))));
                }
                _ => return Err(self.malformed()),
            }
        }
        Ok(None)
    }

    fn varint(&mut self) -> Result<u64, MalformedMessage> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or_else(|| self.malformed())?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.malformed())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], MalformedMessage> {
        let end = self.offset.checked_add(length);
        let taken = end.and_then(|end| self.message.get(self.offset..end));
        let taken = taken.ok_or_else(|| self.malformed())?;
        self.offset += length;
        Ok(taken)
    }

    const fn malformed(&self) -> MalformedMessage {
        MalformedMessage {
            offset: self.offset,
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), MalformedMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.next_field();
        if field.is_err() {
            self.offset = self.message.len();
        }
        field.transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn varint(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    #[test]
    fn fields_come_in_the_order_of_the_bytes() {
        // Field 1 is 300, field 2 is "ab", field 16 is zero: the example values of the format.
        let message = [0x08, 0xac, 0x02, 0x12, 2, b'a', b'b', 0x80, 0x01, 0x00];

        let fields: Result<Vec<_>, _> = Fields::new(&message).collect();

        assert_eq!(
            fields.expect("a message"),
            [
                (1, Value::Integer(300)),
                (2, Value::Bytes(b"ab")),
                (16, Value::Integer(0)),
            ]
        );
    }

    #[test]
    fn numbers_are_read_and_values_of_64_bits_skipped() {
        let message = [
            0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 0, 0, 0x80, 0x3f, 0x18, 7,
        ];

        let fields: Result<Vec<_>, _> = Fields::new(&message).collect();

        assert_eq!(
            fields.expect("a message"),
            [(2, Value::Float(1.0)), (3, Value::Integer(7))]
        );
    }

    #[test]
    fn a_message_that_is_cut_off_is_malformed_and_ends() {
        let message = [0x08, 1, 0x12, 5, b'a'];

        let fields: Vec<_> = Fields::new(&message).collect();

        assert_eq!(
            fields,
            [
                Ok((1, Value::Integer(1))),
                Err(MalformedMessage { offset: 4 })
            ]
        );
    }

    #[test]
    fn integers_are_read_packed_and_unpacked() {
        let mut integers = Vec::new();

        Value::Integer(7)
            .append_integers(&mut integers)
            .expect("one");
        Value::Bytes(&[0x01, 0xac, 0x02])
            .append_integers(&mut integers)
            .expect("two");

        assert_eq!(integers, [7, 1, 300]);
    }

    proptest! {
        #[test]
        fn every_integer_survives(value: u64) {
            let message = [vec![0x08], varint(value)].concat();

            let fields: Result<Vec<_>, _> = Fields::new(&message).collect();

            prop_assert_eq!(fields, Ok(vec![(1, Value::Integer(value))]));
        }

        #[test]
        fn no_bytes_make_it_panic_or_read_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let fields = Fields::new(&bytes).count();

            prop_assert!(fields <= bytes.len());
        }
    }
}
