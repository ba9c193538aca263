//! Contacts: listed, searched, counted.

use store::{ContactFilter, Store};

use crate::support::{agent, at, open, outbound};

#[tokio::test]
async fn contacts_are_paged_newest_first() {
    let (store, _database) = open().await;
    call_to(&store, &["+14155550101", "+14155550102", "+14155550103"]).await;
    let page = store
        .contacts(&ContactFilter::default(), 2, 2)
        .await
        .unwrap();
    assert_eq!(page.total, 3);
    let numbers: Vec<_> = page.items.iter().map(|it| it.number.as_str()).collect();
    assert_eq!(numbers, ["+14155550101"]);
}

#[tokio::test]
async fn contacts_are_found_by_what_their_number_contains() {
    let (store, _database) = open().await;
    call_to(&store, &["Anna_100%", "anna.100", "+14155550103"]).await;
    for (words, found) in [("ANNA", 2), ("a_1", 1), ("0%", 1), ("5550", 1), ("\\", 0)] {
        let filter = ContactFilter {
            containing: Some(words.to_owned()),
        };
        let page = store.contacts(&filter, 1, 15).await.unwrap();
        assert_eq!(
            (page.total, page.items.len()),
            (found, usize::try_from(found).unwrap()),
            "{words}"
        );
    }
}

#[tokio::test]
async fn the_number_of_contacts_follows_those_that_come_and_go() {
    let (store, _database) = open().await;
    let all = ContactFilter::default();
    assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 0);
    call_to(&store, &["+14155550101", "+14155550101"]).await;
    assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 1);
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let begun = store
        .begin_call(&outbound(new.id, "+14155550102"))
        .await
        .unwrap();
    assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 2);
    store.discard_call(begun).await.unwrap();
    assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 1);
}

/// Makes contacts a second apart, by calling them.
async fn call_to(store: &Store, numbers: &[&str]) {
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    for (second, number) in (0..).zip(numbers) {
        let mut call = outbound(new.id, number);
        call.at = at(second);
        store.begin_call(&call).await.unwrap();
    }
}
