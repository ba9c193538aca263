//! Objects that are objects: a derived `Deserialize` also takes an array of the fields' values.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::error::ApiError;

/// A field that is a JSON object of the fields of `T`.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// Refuses an array that was `sent` where what was `read` of it is an object.
pub(crate) fn refuse_arrays_for_objects(sent: &Value, read: &Value) -> Result<(), ApiError> {
    compare(sent, read, &mut String::new())
}

fn compare(sent: &Value, read: &Value, path: &mut String) -> Result<(), ApiError> {
    let length = path.len();
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => {
            return Err(ApiError::invalid(path.as_str(), "an object"));
        }
        (Value::Array(sent), Value::Array(read)) => {
            for (index, (sent, read)) in sent.iter().zip(read).enumerate() {
                path.push_str(&format!("[{index}]"));
                compare(sent, read, path)?;
                path.truncate(length);
            }
        }
        (Value::Object(sent), Value::Object(read)) => {
            for (name, sent) in sent {
                let Some(read) = read.get(name) else {
                    continue;
                };
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                compare(sent, read, path)?;
                path.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}
