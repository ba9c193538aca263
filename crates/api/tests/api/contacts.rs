//! Contacts over the API, with tags and fields of the workspace's own.

use serde_json::{Value, json};

use crate::support::{NUMBER, Node};

#[tokio::test]
async fn a_contact_is_made_shown_changed_and_deleted() {
    let node = Node::start().await;
    let body = json!({
        "name": "Ann", "surname": "Lee", "phone_number": "+1 (415) 555-0123",
        "email": "ann@example.com", "number_type": "mobile", "country_code": "US",
        "timezone": "America/Los_Angeles", "primary_language": "en-US",
        "preferred_contact_channel": "WhatsApp", "preferred_contact_time": "mornings",
    });
    let answer = node.post("/contacts", body.clone()).await;
    assert_eq!(answer.status, 201);
    let made = answer.data();
    for (field, value) in body.as_object().unwrap() {
        let expected = if field == "phone_number" {
            &json!(NUMBER)
        } else {
            value
        };
        assert_eq!(made[field], *expected, "{field}");
    }
    assert_eq!(
        (&made["status"], &made["do_not_call"]),
        (&json!("Active"), &json!(false))
    );
    let path = path(&made);
    assert_eq!(node.get(&path).await.data(), made);

    let change = json!({ "name": "Anna", "email": null, "status": "Inactive" });
    let changed = node.patch(&path, change).await.data();
    assert_eq!(
        (&changed["name"], &changed["surname"]),
        (&json!("Anna"), &json!("Lee"))
    );
    assert_eq!(
        (&changed["email"], &changed["status"]),
        (&Value::Null, &json!("Inactive"))
    );
    let back = node.put(&path, changed.clone()).await.data();
    assert_eq!(back["name"], "Anna");

    assert_eq!(node.delete(&path).await.data()["name"], "Anna");
    node.get(&path).await.is_error(404, "CONTACT_NOT_FOUND");
    node.delete(&path).await.is_error(404, "CONTACT_NOT_FOUND");
}

#[tokio::test]
async fn a_contact_may_have_no_number() {
    let node = Node::start().await;
    for _ in 0..2 {
        let made = make(&node, json!({ "email": "ann@example.com" })).await;
        assert_eq!(made["phone_number"], Value::Null);
    }
    assert_eq!(node.get("/contacts").await.data()["total"], 2);
}

#[tokio::test]
async fn a_number_belongs_to_one_contact() {
    let node = Node::start().await;
    make(
        &node,
        json!({ "name": "Secret Name", "phone_number": NUMBER }),
    )
    .await;
    let other = make(&node, json!({ "name": "Ben" })).await;
    let taken = json!({ "phone_number": "+1-415-555-0123" });
    for answer in [
        node.post("/contacts", taken.clone()).await,
        node.patch(&path(&other), taken).await,
    ] {
        answer.is_error(409, "CONTACT_EXISTS");
        assert!(!answer.text().contains("Secret"), "{}", answer.text());
    }
}

#[tokio::test]
async fn each_field_of_a_contact_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!("x".repeat(256))),
        ("name", json!(7)),
        ("surname", json!("a\0b")),
        ("email", json!("nobody")),
        ("email", json!("a@b@c")),
        ("email", json!("a @b")),
        ("phone_number", json!("415")),
        ("phone_number", json!("call me")),
        ("number_type", json!("satellite")),
        ("country_code", json!("us")),
        ("country_code", json!("+")),
        ("timezone", json!("Mars/Olympus")),
        ("primary_language", json!("e")),
        ("primary_language", json!("en_US")),
        ("preferred_contact_channel", json!("Pigeon")),
        ("status", json!("active")),
        ("do_not_call", json!("yes")),
        ("tags", json!("vip")),
        ("tags[0]", json!(["vip"])),
        ("tags", json!(["0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69"])),
        ("uuid", json!("0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69")),
        ("colour", json!("red")),
    ] {
        node.post("/contacts", json!({ field.trim_end_matches("[0]"): value }))
            .await
            .is_about(field);
    }
}

#[tokio::test]
async fn contacts_are_listed_by_filters_that_their_links_keep() {
    let node = Node::start().await;
    let vip = make_tag(&node, "vip").await;
    make(
        &node,
        json!({ "name": "Ann", "surname": "Lee", "tags": [vip] }),
    )
    .await;
    make(&node, json!({ "name": "Ben", "status": "Inactive" })).await;
    make(
        &node,
        json!({ "name": "Cem", "preferred_contact_channel": "SMS" }),
    )
    .await;
    for (query, names) in [
        ("", &["Cem", "Ben", "Ann"] as &[&str]),
        ("search=ann%20lee", &["Ann"]),
        ("status=Inactive", &["Ben"]),
        ("contact_channel=SMS", &["Cem"]),
        (&format!("tag_uuid={vip}"), &["Ann"]),
        ("per_page=2&page=2", &["Ann"]),
        ("search=nobody", &[]),
    ] {
        let page = node.get(&format!("/contacts?{query}")).await.data();
        let listed: Vec<_> = page["data"].as_array().unwrap().iter().collect();
        let listed: Vec<_> = listed
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert_eq!(listed, names, "{query}");
    }
    let page = node
        .get("/contacts?status=Active&search=n&per_page=1")
        .await
        .data();
    let first = page["first_page_url"].as_str().unwrap();
    assert!(first.contains("search=n&status=Active"), "{first}");
    for query in [
        "status=active",
        "contact_channel=Fax",
        "tag_uuid=x",
        "stage_uuid=x",
    ] {
        let field = query.split('=').next().unwrap();
        node.get(&format!("/contacts?{query}"))
            .await
            .is_about(field);
    }
}

#[tokio::test]
async fn a_tag_is_added_and_removed_by_its_uuid() {
    let node = Node::start().await;
    let contact = path(&make(&node, json!({ "name": "Ann" })).await);
    let vip = make_tag(&node, "vip").await;
    let (add, remove) = (
        format!("{contact}/add-tag"),
        format!("{contact}/remove-tag"),
    );
    let tagged = node.post(&add, json!({ "tag_uuid": vip })).await.data();
    assert_eq!(tagged["tags"], json!([{ "uuid": vip, "name": "vip" }]));
    let bare = node.post(&remove, json!({ "tag_uuid": vip })).await.data();
    assert_eq!(bare["tags"], json!([]));
    let answer = node.post(&add, json!({ "tag_id": 7 })).await;
    answer.is_about("tag_id");
    assert!(answer.text().contains("tag_uuid"), "{}", answer.text());
    node.post(&add, json!({})).await.is_about("tag_uuid");
    node.post(&add, json!({ "tag_uuid": "vip" }))
        .await
        .is_about("tag_uuid");
    let unknown = json!({ "tag_uuid": "0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69" });
    node.post(&add, unknown).await.is_about("tag_uuid");
}

#[tokio::test]
async fn tags_are_made_renamed_listed_by_name_and_deleted() {
    let node = Node::start().await;
    let vip = make_tag(&node, "vip").await;
    make_tag(&node, "old").await;
    let names = async || -> Vec<String> {
        let tags = node.get("/tags").await.data();
        let tags = tags.as_array().unwrap().iter();
        tags.map(|tag| tag["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names().await, ["old", "vip"]);
    node.post("/tags", json!({ "name": "vip" }))
        .await
        .is_error(409, "TAG_EXISTS");
    node.post("/tags", json!({ "name": "" }))
        .await
        .is_about("name");
    let path = format!("/tags/{vip}");
    node.put(&path, json!({ "name": "old" }))
        .await
        .is_error(409, "TAG_EXISTS");
    node.put(&path, json!({ "name": "a vip" })).await.data();
    assert_eq!(names().await, ["a vip", "old"]);
    node.delete(&path).await.data();
    node.delete(&path).await.is_error(404, "TAG_NOT_FOUND");
    node.put(&path, json!({ "name": "x" }))
        .await
        .is_error(404, "TAG_NOT_FOUND");
}

#[tokio::test]
async fn a_field_of_the_workspaces_own_is_checked_by_its_type_and_shown_at_top_level() {
    let node = Node::start().await;
    for (key, kind) in [
        ("note", "text"),
        ("age", "number"),
        ("member", "boolean"),
        ("since", "date"),
    ] {
        node.post("/contacts/fields", json!({ "key": key, "type": kind }))
            .await
            .data();
    }
    let plan = json!({ "key": "plan", "type": "select", "options": ["basic", "pro"] });
    node.post("/contacts/fields", plan).await.data();

    let values = json!({
        "note": "tall", "age": 41.5, "member": true, "since": "2026-02-28", "plan": "pro",
    });
    let contact = make(&node, values.clone()).await;
    for (key, value) in values.as_object().unwrap() {
        assert_eq!(contact[key], *value, "{key}");
    }
    let path = path(&contact);
    let changed = node
        .patch(&path, json!({ "age": null, "note": "" }))
        .await
        .data();
    assert_eq!(
        (&changed["age"], &changed["note"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(changed["plan"], "pro");
    for (key, value) in [
        ("note", json!(7)),
        ("note", json!("x".repeat(1_001))),
        ("age", json!("41")),
        ("member", json!("yes")),
        ("since", json!("2026-02-30")),
        ("plan", json!("gold")),
        ("plan", json!(["pro"])),
    ] {
        node.patch(&path, json!({ key: value })).await.is_about(key);
        node.post("/contacts", json!({ key: value }))
            .await
            .is_about(key);
    }
}

#[tokio::test]
async fn a_field_is_renamed_keeps_key_and_type_and_goes_with_its_values() {
    let node = Node::start().await;
    let body = json!({ "key": "plan", "type": "select", "options": ["basic"] });
    let made = node.post("/contacts/fields", body).await.data();
    assert_eq!(made["name"], "plan");
    let contact = path(&make(&node, json!({ "plan": "basic" })).await);
    let path = format!("/contacts/fields/{}", made["field_uuid"].as_str().unwrap());
    let mut sent = made.clone();
    sent["name"] = json!("Tariff");
    sent["options"] = json!(["pro"]);
    let changed = node.put(&path, sent).await.data();
    assert_eq!(
        (&changed["name"], &changed["options"]),
        (&json!("Tariff"), &json!(["pro"]))
    );
    assert_eq!(node.get(&contact).await.data()["plan"], "basic");
    node.put(&path, json!({ "key": "other" }))
        .await
        .is_about("key");
    node.put(&path, json!({ "type": "text" }))
        .await
        .is_about("type");
    assert_eq!(node.get("/contacts/fields").await.data(), json!([changed]));
    node.delete(&path).await.data();
    assert!(node.get(&contact).await.data().get("plan").is_none());
    node.patch(&contact, json!({ "plan": "pro" }))
        .await
        .is_about("plan");
    node.delete(&path)
        .await
        .is_error(404, "CONTACT_FIELD_NOT_FOUND");
}

#[tokio::test]
async fn each_part_of_a_field_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let select = |options: Value| json!({ "key": "plan", "type": "select", "options": options });
    for (field, body) in [
        ("key", json!({})),
        ("key", json!({ "key": "Plan" })),
        ("key", json!({ "key": "1plan" })),
        ("key", json!({ "key": "x".repeat(65) })),
        ("key", json!({ "key": "email" })),
        ("key", json!({ "key": "uuid" })),
        ("type", json!({ "key": "plan", "type": "money" })),
        ("options", json!({ "key": "plan", "options": ["a"] })),
        ("options", json!({ "key": "plan", "type": "select" })),
        ("options", select(json!(["a", "a"]))),
        ("options[0]", select(json!([""]))),
    ] {
        node.post("/contacts/fields", body).await.is_about(field);
    }
    node.post("/contacts/fields", json!({ "key": "plan" }))
        .await
        .data();
    let again = node
        .post("/contacts/fields", json!({ "key": "plan" }))
        .await;
    again.is_error(409, "CONTACT_FIELD_EXISTS");
}

#[tokio::test]
async fn a_call_finds_the_contact_of_its_number_and_tells_the_model_of_it() {
    let node = Node::start().await;
    node.post("/contacts/fields", json!({ "key": "plan", "name": "Plan" }))
        .await
        .data();
    let body = json!({ "name": "Ann", "surname": "Lee", "phone_number": NUMBER, "plan": "pro" });
    let contact = make(&node, body).await;
    let mut call = node.call_body();
    call["participant"]["about"] = json!("Waits for a parcel.");
    let placed = node.post("/call", call).await.data();
    assert_eq!(placed["contact_uuid"], contact["uuid"]);
    assert_eq!(placed["participant"]["about"], "Waits for a parcel.");
    let about = node.calls.placed.lock().unwrap()[0].about.clone();
    let expected = "Waits for a parcel.\nName: Ann Lee.\nPlan: pro.";
    assert_eq!(about.as_deref(), Some(expected));
}

#[tokio::test]
async fn whoever_does_not_want_to_be_called_is_not_called() {
    let node = Node::start().await;
    make(
        &node,
        json!({ "phone_number": NUMBER, "do_not_call": true }),
    )
    .await;
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(409, "CONTACT_DO_NOT_CALL");
    assert!(node.calls.placed.lock().unwrap().is_empty());
    assert_eq!(node.get("/calls").await.data()["total"], 0);
}

#[tokio::test]
async fn a_number_on_the_do_not_call_list_is_not_called() {
    let node = Node::start().await;
    let listed = node.post("/do-not-call", json!({ "number": NUMBER })).await;
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(409, "CONTACT_DO_NOT_CALL");
    assert!(node.calls.placed.lock().unwrap().is_empty());
    let entry = listed.data()["uuid"].as_str().unwrap().to_owned();
    node.delete(&format!("/do-not-call/{entry}")).await.data();
    node.post("/call", node.call_body()).await.data();
}

fn path(contact: &Value) -> String {
    format!("/contacts/{}", contact["uuid"].as_str().unwrap())
}

async fn make(node: &Node, body: Value) -> Value {
    let answer = node.post("/contacts", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.data()
}

async fn make_tag(node: &Node, name: &str) -> String {
    let made = node.post("/tags", json!({ "name": name })).await.data();
    made["uuid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_number_that_another_contact_has_is_refused_in_a_whole_update() {
    let node = Node::start().await;
    for number in ["+14155550101", "+14155550102"] {
        let body = json!({ "phone_number": number });
        node.post("/contacts", body).await.data();
    }
    let first = node.get("/contacts?search=4155550101").await.data();
    let path = format!("/contacts/{}", first["data"][0]["uuid"].as_str().unwrap());
    let taken = json!({ "phone_number": "+14155550102" });
    node.put(&path, taken).await.is_error(409, "CONTACT_EXISTS");
}
