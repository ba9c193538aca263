//! Whoever a task or a listing is for, found among the contacts or made.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::contacts::Email;
use crate::error::ApiError;
use crate::exchange::Text;
use crate::state::ApiState;

/// A contact: the one that has the number, or else the e-mail address, or a new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(example = json!({ "phone_number": "+14155550123", "name": "Ada", "surname": "King" }))]
pub(crate) struct Person {
    /// E.164 number; spaces and `- ( ) . /` may stand in it. Left out where `email` is given.
    #[schema(max_length = 64)]
    phone_number: Option<String>,
    /// E-mail address, by which a contact is found whose number is not given or not known.
    email: Option<Email>,
    /// First name, for a contact that has no name yet.
    name: Option<Text<0, 255>>,
    /// Last name, for a contact that has no name yet.
    surname: Option<Text<0, 255>>,
}

impl Person {
    /// As the store looks for them; `field` is the person's path in the request.
    pub(crate) fn read(self, state: &ApiState, field: &str) -> Result<store::Person, ApiError> {
        let field = format!("{field}.phone_number");
        if self.phone_number.is_none() && self.email.is_none() {
            return Err(ApiError::missing(&field));
        }
        let number = self.phone_number;
        let number = number.map(|number| state.numbers.read(&field, &number));
        Ok(store::Person {
            number: number.transpose()?,
            email: self.email.map(|email| email.0),
            name: filled(self.name),
            surname: filled(self.surname),
        })
    }
}

fn filled(text: Option<Text<0, 255>>) -> Option<String> {
    let text = text.map(|text| text.0.trim().to_owned());
    text.filter(|text| !text.is_empty())
}
