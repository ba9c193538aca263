//! Who calls: the contact with a number as a telephone network writes it.

use store::{Contact, Store, StoreError};

use crate::number::NumberRules;

/// The contact with the number that a call comes from, as it stands there or in another spelling.
pub(crate) async fn contact_of_caller(
    store: &Store,
    rules: &NumberRules,
    number: &str,
) -> Result<Option<Contact>, StoreError> {
    let spellings = rules.spellings(number);
    let others = spellings.iter().map(String::as_str);
    for spelling in std::iter::once(number).chain(others) {
        let found = store.contact_of_number(spelling).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
