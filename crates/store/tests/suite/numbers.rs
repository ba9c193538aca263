//! Telephone numbers: whose they are, whom they are bound to, and what they carry.

use store::{
    BindError, Binding, NewPhoneNumber, NewSipConnection, NewTrunk, NumberCapacity, Plan,
    SaveNumberError, Secret, Sharing, SipConnection, SipConnectionChange, SipGateway, Store,
    TrunkChange,
};
use uuid::Uuid;

use crate::support::{agent, at, completed, open, outbound};

const NUMBER: &str = "+14155550100";

fn gateway(host: &str) -> SipGateway {
    SipGateway {
        gateway: host.to_owned(),
        port: None,
        secondary_gateway: None,
        username: Some("account".to_owned()),
        password: Some(Secret::new("secret")),
    }
}

fn number(number: &str) -> NewPhoneNumber {
    NewPhoneNumber {
        number: number.to_owned(),
        country_code: Some("US".to_owned()),
        name: "Carrier".to_owned(),
        direction: "both",
        ani_format: None,
    }
}

fn connection(phone: &str, host: &str) -> NewSipConnection {
    NewSipConnection {
        number: number(phone),
        name: "Carrier".to_owned(),
        phone_number: "+1 (415) 555-0100".to_owned(),
        gateway: gateway(host),
    }
}

/// A trunk of this number with a gateway of its own.
pub(crate) fn trunk(phone: &str, agent: Uuid) -> NewTrunk {
    NewTrunk {
        number: number(phone),
        phone_number: phone.to_owned(),
        gateway: Some(gateway("a.example")),
        agent,
    }
}

async fn add_agent(store: &Store, name: &str) -> Uuid {
    store.insert_agent(&agent(name), at(0)).await.unwrap().id
}

async fn other_workspace(store: &Store) -> Store {
    let made = store.create_workspace("Other", Plan::Free, at(0)).await;
    store.in_workspace(&made.unwrap().id)
}

async fn add_connection(store: &Store) -> SipConnection {
    let new = connection(NUMBER, "a.example");
    store.add_sip_connection(&new, at(0)).await.unwrap()
}

async fn bind(store: &Store, binding: Binding, sharing: Sharing) {
    store.bind_number(binding, sharing, at(5)).await.unwrap();
}

async fn answering(store: &Store) -> Option<Uuid> {
    let found = store.answered_number(&[NUMBER.to_owned()]).await.unwrap();
    found.unwrap().agent
}

#[tokio::test]
async fn a_number_belongs_to_one_workspace_and_nothing_of_it_is_seen_in_another() {
    let (store, _database) = open().await;
    let added = add_connection(&store).await;
    assert_eq!(added.phone_number, "+1 (415) 555-0100");
    let other = other_workspace(&store).await;
    let taken = other
        .add_sip_connection(&connection(NUMBER, "b.example"), at(1))
        .await;
    assert!(matches!(taken.unwrap_err(), SaveNumberError::Taken));
    let trunk = NewTrunk {
        number: number(NUMBER),
        phone_number: NUMBER.to_owned(),
        gateway: None,
        agent: add_agent(&other, "Theirs").await,
    };
    let taken = other.add_trunk(&trunk, at(1)).await;
    assert!(matches!(taken.unwrap_err(), SaveNumberError::Taken));

    assert!(other.sip_connection(added.id).await.unwrap().is_none());
    assert_eq!(other.sip_connections(1, 15).await.unwrap().total, 0);
    assert!(other.phone_number(added.number).await.unwrap().is_none());
    assert!(other.phone_number_called(NUMBER).await.unwrap().is_none());
    assert_eq!(other.phone_numbers(1, 15).await.unwrap().total, 0);
    assert!(!other.remove_sip_connection(added.id).await.unwrap());
    assert!(!other.release_phone_number(added.number).await.unwrap());
    let capacity = NumberCapacity {
        voice_enabled: false,
        voice_limit: None,
        destinations: Vec::new(),
        inbound_enabled: false,
        inbound_limit: None,
    };
    let changed = other
        .set_number_capacity(added.number, &capacity, at(1))
        .await;
    assert!(changed.unwrap().is_none());
    let change = SipConnectionChange {
        gateway: Some(gateway("evil.example")),
        ..SipConnectionChange::default()
    };
    let changed = other.change_sip_connection(added.id, &change, at(1)).await;
    assert!(changed.unwrap().is_none());
    let binding = Binding {
        number: added.number,
        connection: Some(added.id),
        agent: add_agent(&other, "Other").await,
    };
    let bound = other.bind_number(binding, Sharing::Moved, at(1)).await;
    assert!(matches!(bound.unwrap_err(), BindError::Unknown));
    let kept = store.sip_connection(added.id).await.unwrap().unwrap();
    assert_eq!(kept.gateway, gateway("a.example"));

    // Once it is given up, anybody may have it.
    assert!(store.release_phone_number(added.number).await.unwrap());
    assert!(store.sip_connection(added.id).await.unwrap().is_none());
    other.add_trunk(&trunk, at(2)).await.unwrap();
}

#[tokio::test]
async fn a_connection_changes_and_goes_with_the_bindings_that_were_made_to_it() {
    let (store, _database) = open().await;
    let added = add_connection(&store).await;
    let mut way = gateway("b.example:5080");
    way.secondary_gateway = Some("c.example".to_owned());
    let change = SipConnectionChange {
        name: Some("Other".to_owned()),
        gateway: Some(way.clone()),
    };
    let changed = store.change_sip_connection(added.id, &change, at(3)).await;
    let changed = changed.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), &changed.gateway), ("Other", &way));
    assert_eq!((changed.created_at, changed.updated_at), (at(0), at(3)));

    let bound = add_agent(&store, "A").await;
    let binding = Binding {
        number: added.number,
        connection: Some(added.id),
        agent: bound,
    };
    bind(&store, binding, Sharing::Refused).await;
    let outgoing = store.outgoing_number(bound).await.unwrap().unwrap();
    assert_eq!(outgoing.connection, Some((added.id, way)));
    assert!(store.remove_sip_connection(added.id).await.unwrap());
    assert!(store.outgoing_number(bound).await.unwrap().is_none());
    assert!(store.phone_number(added.number).await.unwrap().is_some());
}

#[tokio::test]
async fn calls_to_a_number_reach_the_agent_that_it_was_assigned_to_last() {
    let (store, _database) = open().await;
    let added = add_connection(&store).await;
    assert_eq!(answering(&store).await, None);
    let (first, second) = (add_agent(&store, "A").await, add_agent(&store, "B").await);
    let of = |agent| Binding {
        number: added.number,
        connection: Some(added.id),
        agent,
    };
    bind(&store, of(first), Sharing::Refused).await;
    let refused = store.bind_number(of(second), Sharing::Refused, at(5)).await;
    assert!(matches!(refused.unwrap_err(), BindError::InUse));
    assert_eq!(answering(&store).await, Some(first));

    // Within the same moment.
    bind(&store, of(second), Sharing::Kept).await;
    assert_eq!(answering(&store).await, Some(second));
    for agent in [first, second] {
        let outgoing = store.outgoing_number(agent).await.unwrap().unwrap();
        assert_eq!(outgoing.number.number, NUMBER);
    }
    bind(&store, of(first), Sharing::Kept).await;
    assert_eq!(answering(&store).await, Some(first));

    bind(&store, of(second), Sharing::Moved).await;
    assert!(store.outgoing_number(first).await.unwrap().is_none());
    assert_eq!(store.unbind_agent(second).await.unwrap(), 1);
    assert_eq!(answering(&store).await, None);

    // An agent that was deleted is in nobody's way.
    bind(&store, of(first), Sharing::Refused).await;
    assert!(store.delete_agent(first, at(6)).await.unwrap());
    assert_eq!(answering(&store).await, None);
    bind(&store, of(second), Sharing::Refused).await;
    assert_eq!(answering(&store).await, Some(second));
}

#[tokio::test]
async fn an_agent_calls_with_the_number_that_it_was_given_last_and_may_call_with() {
    let (store, _database) = open().await;
    let own = add_agent(&store, "A").await;
    let trunk = |phone: &str, direction: &'static str| NewTrunk {
        number: NewPhoneNumber {
            direction,
            ..number(phone)
        },
        phone_number: phone.to_owned(),
        gateway: Some(gateway("a.example")),
        agent: own,
    };
    store
        .add_trunk(&trunk(NUMBER, "both"), at(1))
        .await
        .unwrap();
    let inbound = trunk("+14155550101", "inbound");
    let inbound = store.add_trunk(&inbound, at(2)).await.unwrap();
    let again = store.add_trunk(&trunk(NUMBER, "both"), at(3)).await;
    assert!(matches!(again.unwrap_err(), SaveNumberError::Registered));
    let called_with = async || {
        let outgoing = store.outgoing_number(own).await.unwrap().unwrap();
        outgoing.number.number
    };
    assert_eq!(called_with().await, NUMBER);
    let numbers = store.bindings_of_agent(own).await.unwrap();
    let numbers: Vec<_> = numbers.iter().map(|it| it.phone_number.as_str()).collect();
    assert_eq!(numbers, ["+14155550101", NUMBER]);

    let change = TrunkChange {
        direction: Some("outbound"),
        ani_format: Some(Some("digits")),
        gateway: Some(None),
        ..TrunkChange::default()
    };
    let changed = store.change_trunk(&inbound, &change, at(4)).await;
    assert_eq!(changed.unwrap().unwrap().direction, "outbound");
    assert_eq!(called_with().await, "+14155550101");
    let outgoing = store.outgoing_number(own).await.unwrap().unwrap();
    assert!(outgoing.connection.is_none());
    assert_eq!(outgoing.number.ani_format.as_deref(), Some("digits"));
    let change = TrunkChange {
        name: Some("Back".to_owned()),
        gateway: Some(Some(gateway("b.example"))),
        ..TrunkChange::default()
    };
    store.change_trunk(&inbound, &change, at(5)).await.unwrap();
    let outgoing = store.outgoing_number(own).await.unwrap().unwrap();
    assert_eq!(outgoing.number.name, "Back");
    assert_eq!(outgoing.connection.unwrap().1, gateway("b.example"));
}

#[tokio::test]
async fn a_number_has_as_many_places_as_it_may_carry_calls() {
    let (store, _database) = open().await;
    let added = add_connection(&store).await;
    let own = add_agent(&store, "A").await;
    let take = async |call: Uuid, direction: &'static str, seconds: i64| {
        store
            .take_number_place(
                call,
                added.number,
                Some(added.id),
                direction,
                Some(1),
                at(seconds),
            )
            .await
            .unwrap()
    };
    let call = outbound(own, "+14155550123");
    assert!(take(call.id, "outbound", 0).await);
    assert!(!take(Uuid::now_v7(), "outbound", 1).await);
    assert!(take(Uuid::now_v7(), "inbound", 1).await, "counted apart");

    // A call that is written down holds its place to its end, however long that takes.
    store.begin_call(&call).await.unwrap();
    assert!(!take(Uuid::now_v7(), "outbound", 3_600).await);
    let end = completed(&call);
    store.end_call(&end, &[], at(3_601)).await.unwrap();
    let next = Uuid::now_v7();
    assert!(take(next, "outbound", 3_602).await);

    // One that never was gives it back, at the latest a minute later.
    store.give_number_place_back(next).await.unwrap();
    assert!(take(Uuid::now_v7(), "outbound", 3_603).await);
    assert!(!take(Uuid::now_v7(), "outbound", 3_660).await);
    assert!(take(Uuid::now_v7(), "outbound", 3_664).await);

    store.release_phone_number(added.number).await.unwrap();
    assert!(!take(Uuid::now_v7(), "outbound", 3_700).await, "it is gone");
}

#[tokio::test]
async fn a_connection_is_what_the_last_call_through_it_came_to() {
    let (store, _database) = open().await;
    let added = add_connection(&store).await;
    assert_eq!(added.state, "unverified");
    let own = add_agent(&store, "A").await;
    for (status, sip_code, state) in [
        ("cancelled", Some(487), "unverified"),
        ("busy", Some(486), "active"),
        ("unreachable", Some(408), "failing"),
        ("completed", None, "active"),
        ("failed", Some(401), "failing"),
        ("failed", None, "failing"),
        ("unreachable", Some(404), "active"),
        ("unreachable", Some(503), "failing"),
    ] {
        let call = outbound(own, "+14155550123");
        store
            .take_number_place(
                call.id,
                added.number,
                Some(added.id),
                "outbound",
                None,
                at(0),
            )
            .await
            .unwrap();
        store.begin_call(&call).await.unwrap();
        let mut end = completed(&call);
        end.status = status;
        end.sip_code = sip_code;
        store.end_call(&end, &[], at(1)).await.unwrap();
        let found = store.sip_connection(added.id).await.unwrap().unwrap();
        assert_eq!(found.state, state, "{status} {sip_code:?}");
    }
}
