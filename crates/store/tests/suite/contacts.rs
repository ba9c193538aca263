//! Contacts: kept, listed, searched, counted.

use store::{
    ContactDetails, ContactExtras, ContactFilter, NewContactField, SaveContactError,
    SaveFieldError, SaveTagError, Store,
};
use uuid::Uuid;

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
    let numbers: Vec<_> = page
        .items
        .iter()
        .map(|it| it.details.number.clone())
        .collect();
    assert_eq!(numbers, [Some("+14155550101".to_owned())]);
}

#[tokio::test]
async fn a_page_far_back_begins_where_the_one_before_it_ended() {
    let (store, _database) = open().await;
    let extras = ContactExtras::default();
    for second in 0..1_020 {
        let new = with_number(&format!("+1415555{second:04}"));
        let made = store.create_contact(&new, &extras, at(second));
        made.await.unwrap();
    }
    let all = ContactFilter::default();
    let mut numbers = Vec::new();
    for page in [100, 101, 102] {
        let page = store.contacts(&all, page, 10).await.unwrap();
        assert_eq!(page.total, 1_020);
        numbers.extend(page.items.into_iter().map(|it| it.details.number.unwrap()));
    }
    let expected: Vec<_> = (0..30)
        .map(|second| format!("+1415555{second:04}"))
        .rev()
        .collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn contacts_are_found_by_what_their_number_contains() {
    let (store, _database) = open().await;
    call_to(&store, &["Anna_100%", "anna.100", "+14155550103"]).await;
    for (words, found) in [("ANNA", 2), ("a_1", 1), ("0%", 1), ("5550", 1), ("\\", 0)] {
        let filter = ContactFilter {
            containing: Some(words.to_owned()),
            ..ContactFilter::default()
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
async fn contacts_are_found_by_name_across_surname_and_by_address() {
    let (store, _database) = open().await;
    let ann = ContactDetails {
        name: Some("Ann".to_owned()),
        surname: Some("Lee".to_owned()),
        email: Some("office@example.com".to_owned()),
        ..ContactDetails::default()
    };
    made(&store, &ann).await;
    made(&store, &ContactDetails::default()).await;
    for (words, found) in [("ann lee", 1), ("OFFICE@", 1), ("lee ann", 0)] {
        let filter = ContactFilter {
            containing: Some(words.to_owned()),
            ..ContactFilter::default()
        };
        let page = store.contacts(&filter, 1, 15).await.unwrap();
        assert_eq!(page.total, found, "{words}");
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

#[tokio::test]
async fn a_refused_call_leaves_a_contact_that_was_there_before() {
    let (store, _database) = open().await;
    let id = made(&store, &with_number("+14155550101")).await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550101");
    let begun = store.begin_call(&call).await.unwrap();
    assert_eq!((begun.contact, begun.is_new_contact), (Some(id), false));
    store.discard_call(begun).await.unwrap();
    assert!(store.contact(id).await.unwrap().is_some());
}

#[tokio::test]
async fn everything_of_a_contact_is_kept() {
    let (store, _database) = open().await;
    let words = |text: &str| Some(text.to_owned());
    let details = ContactDetails {
        number: words("+14155550101"),
        name: words("Ann"),
        surname: words("Lee"),
        email: words("ann@example.com"),
        number_type: words("mobile"),
        country_code: words("US"),
        timezone: words("America/Los_Angeles"),
        primary_language: words("en"),
        preferred_channel: words("Call"),
        preferred_time: words("mornings"),
        is_inactive: true,
        do_not_call: true,
    };
    let id = made(&store, &details).await;
    let found = store.contact(id).await.unwrap().unwrap();
    assert_eq!((found.details, found.created_at), (details, at(0)));
    let found = store.contact_of_number("+14155550101").await.unwrap();
    assert_eq!(found.unwrap().id, id);
}

#[tokio::test]
async fn no_two_contacts_have_the_same_number_but_many_may_have_none() {
    let (store, _database) = open().await;
    let first = made(&store, &with_number("+14155550101")).await;
    let second = made(&store, &ContactDetails::default()).await;
    made(&store, &ContactDetails::default()).await;
    let taken = with_number("+14155550101");
    let refused = store
        .create_contact(&taken, &ContactExtras::default(), at(1))
        .await;
    assert!(matches!(refused, Err(SaveContactError::NumberTaken)));
    let take = |details: &mut ContactDetails| details.number = Some("+14155550101".to_owned());
    let extras = ContactExtras::default();
    let refused = store.update_contact(second, take, &extras, at(1)).await;
    assert!(matches!(refused, Err(SaveContactError::NumberTaken)));
    store
        .update_contact(first, take, &extras, at(1))
        .await
        .unwrap();
    let other = in_other_workspace(&store).await;
    made(&other, &taken).await;
}

#[tokio::test]
async fn changes_of_different_fields_at_once_are_both_kept() {
    let (store, _database) = open().await;
    let id = made(&store, &ContactDetails::default()).await;
    let extras = ContactExtras::default();
    let name = |details: &mut ContactDetails| details.name = Some("Ann".to_owned());
    let surname = |details: &mut ContactDetails| details.surname = Some("Lee".to_owned());
    let (one, two) = tokio::join!(
        store.update_contact(id, name, &extras, at(1)),
        store.update_contact(id, surname, &extras, at(1)),
    );
    one.unwrap();
    two.unwrap();
    let found = store.contact(id).await.unwrap().unwrap().details;
    assert_eq!(
        (found.name.as_deref(), found.surname.as_deref()),
        (Some("Ann"), Some("Lee"))
    );
}

#[tokio::test]
async fn tags_and_values_of_a_whole_page_come_with_their_contacts() {
    let (store, _database) = open().await;
    let (vip, old) = (tag(&store, "vip").await, tag(&store, "old").await);
    let plan = field(&store, "plan").await;
    let with = |tags: &[Uuid], plan_is: &str| ContactExtras {
        tags: Some(tags.to_vec()),
        values: vec![(plan, Some(plan_is.into()))],
    };
    let none = ContactDetails::default();
    let first = store
        .create_contact(&none, &with(&[vip, old], "pro"), at(1))
        .await
        .unwrap();
    let second = store
        .create_contact(&none, &with(&[vip], "basic"), at(2))
        .await
        .unwrap();
    let page = store
        .contacts(&ContactFilter::default(), 1, 15)
        .await
        .unwrap();
    assert_eq!(page.items, [second.clone(), first.clone()]);
    let names: Vec<_> = first.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["old", "vip"]);
    assert_eq!(second.values[&plan], "basic");

    let tagged = ContactFilter {
        tag: Some(old),
        ..ContactFilter::default()
    };
    let page = store.contacts(&tagged, 1, 15).await.unwrap();
    assert_eq!((page.total, page.items[0].id), (1, first.id));
}

#[tokio::test]
async fn a_tag_is_given_and_taken_and_goes_with_its_contacts_marks() {
    let (store, _database) = open().await;
    let vip = tag(&store, "vip").await;
    let id = made(&store, &ContactDetails::default()).await;
    for second in [1, 2] {
        let marked = store.tag_contact(id, vip, true, at(second)).await.unwrap();
        assert_eq!((marked.tags.len(), marked.updated_at), (1, at(1)));
    }
    assert!(
        store
            .tag_contact(id, vip, false, at(3))
            .await
            .unwrap()
            .tags
            .is_empty()
    );
    store.tag_contact(id, vip, true, at(4)).await.unwrap();
    assert!(store.delete_tag(vip).await.unwrap());
    assert!(!store.delete_tag(vip).await.unwrap());
    assert!(store.contact(id).await.unwrap().unwrap().tags.is_empty());
    let refused = store.tag_contact(id, vip, true, at(5)).await;
    assert!(matches!(refused, Err(SaveContactError::UnknownTag(tag)) if tag == vip));
}

#[tokio::test]
async fn names_of_tags_and_keys_of_fields_are_unique_and_limited() {
    let (store, _database) = open().await;
    let vip = tag(&store, "vip").await;
    let old = tag(&store, "old").await;
    let again = store.create_tag("vip", 9, at(1)).await;
    assert!(matches!(again, Err(SaveTagError::NameTaken)));
    let renamed = store.rename_tag(old, "vip", at(1)).await;
    assert!(matches!(renamed, Err(SaveTagError::NameTaken)));
    assert_eq!(
        store
            .rename_tag(vip, "vip", at(1))
            .await
            .unwrap()
            .updated_at,
        at(1)
    );
    let nobody = store.rename_tag(Uuid::now_v7(), "vip", at(1)).await;
    assert!(matches!(nobody, Err(SaveTagError::Unknown)));
    assert!(matches!(
        store.create_tag("third", 2, at(1)).await,
        Err(SaveTagError::TooMany)
    ));
    field(&store, "plan").await;
    let again = store
        .create_contact_field(&new_field("plan"), 9, at(1))
        .await;
    assert!(matches!(again, Err(SaveFieldError::KeyTaken)));
    let more = store
        .create_contact_field(&new_field("more"), 1, at(1))
        .await;
    assert!(matches!(more, Err(SaveFieldError::TooMany)));
}

#[tokio::test]
async fn a_deleted_field_takes_its_values_along() {
    let (store, _database) = open().await;
    let plan = field(&store, "plan").await;
    let extras = ContactExtras {
        tags: None,
        values: vec![(plan, Some("pro".into()))],
    };
    let made = store
        .create_contact(&ContactDetails::default(), &extras, at(0))
        .await
        .unwrap();
    assert!(store.delete_contact_field(plan).await.unwrap());
    assert!(
        store
            .contact(made.id)
            .await
            .unwrap()
            .unwrap()
            .values
            .is_empty()
    );
}

#[tokio::test]
async fn a_deleted_contact_leaves_its_calls() {
    let (store, _database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550101");
    let contact = store.begin_call(&call).await.unwrap().contact.unwrap();
    let vip = tag(&store, "vip").await;
    store.tag_contact(contact, vip, true, at(1)).await.unwrap();
    assert_eq!(
        store.delete_contact(contact).await.unwrap().unwrap().id,
        contact
    );
    assert!(store.delete_contact(contact).await.unwrap().is_none());
    let left = store.call(call.id).await.unwrap().unwrap();
    assert_eq!((left.contact, left.number.as_str()), (None, "+14155550101"));
}

#[tokio::test]
async fn nothing_of_contacts_is_reached_from_another_workspace() {
    let (store, _database) = open().await;
    let other = in_other_workspace(&store).await;
    let id = made(&store, &with_number("+14155550101")).await;
    let (vip, plan) = (tag(&store, "vip").await, field(&store, "plan").await);
    let none = ContactExtras::default();
    assert!(
        other
            .contact_of_number("+14155550101")
            .await
            .unwrap()
            .is_none()
    );
    assert!(other.tags().await.unwrap().is_empty());
    assert!(other.contact_fields().await.unwrap().is_empty());
    assert!(other.contact_field(plan).await.unwrap().is_none());
    assert!(other.delete_contact(id).await.unwrap().is_none());
    assert!(!other.delete_tag(vip).await.unwrap());
    assert!(!other.delete_contact_field(plan).await.unwrap());
    assert!(
        other
            .update_contact_field(plan, "x", &[], at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        other.rename_tag(vip, "x", at(1)).await,
        Err(SaveTagError::Unknown)
    ));
    let changed = other.update_contact(id, |_| {}, &none, at(1)).await;
    assert!(matches!(changed, Err(SaveContactError::Unknown)));
    let marked = other.tag_contact(id, vip, true, at(1)).await;
    assert!(matches!(marked, Err(SaveContactError::Unknown)));
    let theirs = ContactExtras {
        tags: Some(vec![vip]),
        values: Vec::new(),
    };
    let tagged = other
        .create_contact(&ContactDetails::default(), &theirs, at(1))
        .await;
    assert!(matches!(tagged, Err(SaveContactError::UnknownTag(_))));
    let theirs = ContactExtras {
        tags: None,
        values: vec![(plan, Some("pro".into()))],
    };
    let valued = other
        .create_contact(&ContactDetails::default(), &theirs, at(1))
        .await;
    assert!(valued.unwrap().values.is_empty());
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

fn with_number(number: &str) -> ContactDetails {
    ContactDetails {
        number: Some(number.to_owned()),
        ..ContactDetails::default()
    }
}

async fn made(store: &Store, details: &ContactDetails) -> Uuid {
    let made = store
        .create_contact(details, &ContactExtras::default(), at(0))
        .await;
    made.unwrap().id
}

async fn tag(store: &Store, name: &str) -> Uuid {
    store.create_tag(name, 9, at(0)).await.unwrap().id
}

async fn field(store: &Store, key: &str) -> Uuid {
    store
        .create_contact_field(&new_field(key), 9, at(0))
        .await
        .unwrap()
        .id
}

fn new_field(key: &str) -> NewContactField {
    NewContactField {
        key: key.to_owned(),
        name: key.to_owned(),
        kind: "text",
        options: Vec::new(),
    }
}

async fn in_other_workspace(store: &Store) -> Store {
    let made = store
        .create_workspace("Other", store::Plan::Free, at(0))
        .await
        .unwrap();
    store.in_workspace(&made.id)
}
