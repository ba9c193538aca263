//! The dialling queue: a task is taken up once, its attempt is known before it is made, and no
//! decision is written that rests on something that has changed.

use jiff::Timestamp;
use jiff::civil::time;
use serde_json::json;
use store::{
    Begin, CampaignTerms, Candidate, ContactDetails, ContactExtras, Decision, EraseContactError,
    MemberFilter, NewAttempt, NewTask, Person, PoolTerms, RuleTerms, StepError, Store, TaskContact,
    TaskRecord,
};
use uuid::Uuid;

use crate::support::{Database, agent, at, completed, open, outbound, report};

const NODE: &str = "node";
const NUMBER: &str = "+14155550123";

#[tokio::test]
async fn an_attempt_and_its_call_are_written_before_the_call_is_made() {
    let (store, task, _database) = with_task().await;
    let candidate = candidate(&store, task.id).await;
    let attempt = attempt(&candidate, at(10));
    let begun = store.begin_attempt(&attempt, at(10)).await.unwrap();
    assert!(matches!(begun, Begin::Begun(Some(_))), "{begun:?}");
    let call = attempt.call.as_ref().unwrap();
    assert!(store.call(call.id).await.unwrap().is_some());
    let attempts = store.task_attempts(task.id, 10).await.unwrap();
    assert_eq!(attempts[0].call, Some(call.id));
    assert_eq!(attempts[0].outcome, None);
    let task = store.task(task.id).await.unwrap().unwrap();
    assert_eq!(
        (task.status.as_str(), task.attempts_made),
        ("in_progress", 1)
    );
}

#[tokio::test]
async fn a_task_that_is_taken_up_is_not_taken_up_again() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    store
        .begin_attempt(&attempt(&seen, at(10)), at(10))
        .await
        .unwrap();
    let again = store
        .begin_attempt(&attempt(&seen, at(10)), at(10))
        .await
        .unwrap();
    assert_eq!(again, Begin::Changed);
    assert!(store.due_tasks(10, at(10)).await.unwrap().is_empty());
    assert_eq!(store.task_attempts(task.id, 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_nodes_one_takes_a_task_up() {
    let (store, task, database) = with_task().await;
    let stores = [store.clone(), database.open_again().await];
    let taking: Vec<_> = (0..12)
        .map(|turn| {
            let store = stores[turn % 2].clone();
            let id = task.id;
            tokio::spawn(async move {
                let seen = candidate(&store, id).await;
                store
                    .begin_attempt(&attempt(&seen, at(10)), at(10))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut begun = 0;
    for one in taking {
        begun += usize::from(matches!(one.await.unwrap(), Begin::Begun(_)));
    }
    assert_eq!(begun, 1);
    assert_eq!(store.task_attempts(task.id, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_called_for_two_tasks_at_once() {
    let (store, first, _database) = with_task().await;
    let second = store
        .create_task(&new_task(first.agent), at(0))
        .await
        .unwrap();
    let (one, other) = (
        candidate(&store, first.id).await,
        candidate(&store, second.id).await,
    );
    store
        .begin_attempt(&attempt(&one, at(10)), at(10))
        .await
        .unwrap();
    let refused = store
        .begin_attempt(&attempt(&other, at(10)), at(10))
        .await
        .unwrap();
    assert_eq!(refused, Begin::Changed);
    let task = store.task(second.id).await.unwrap().unwrap();
    assert_eq!((task.status.as_str(), task.attempts_made), ("scheduled", 0));
    assert_eq!(candidate(&store, second.id).await.history.len(), 1);
}

#[tokio::test]
async fn the_end_of_the_call_is_the_end_of_the_attempt() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    let attempt = attempt(&seen, at(10));
    store.begin_attempt(&attempt, at(10)).await.unwrap();
    let call = attempt.call.as_ref().unwrap();
    assert!(store.tasks_without_verdict(10).await.unwrap().is_empty());
    store
        .end_call(&completed(call), &[report()], at(70))
        .await
        .unwrap();
    let attempts = store.task_attempts(task.id, 10).await.unwrap();
    assert_eq!(attempts[0].outcome.as_deref(), Some("completed"));
    assert_eq!(attempts[0].ended_at, Some(at(65)));
    let waiting = store.tasks_without_verdict(10).await.unwrap();
    assert_eq!(waiting.first().map(|due| due.id), Some(task.id));

    let candidate = candidate(&store, task.id).await;
    assert!(
        store
            .decide(&candidate.task, &Decision::Complete, at(71))
            .await
            .unwrap()
    );
    assert!(store.tasks_without_verdict(10).await.unwrap().is_empty());
    let task = store.task(task.id).await.unwrap().unwrap();
    assert_eq!(
        (task.status.as_str(), task.completed_at),
        ("completed", Some(at(71)))
    );
}

#[tokio::test]
async fn a_decision_about_a_task_that_changed_is_not_written() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    store.cancel_task(task.id, at(5)).await.unwrap();
    let decision = Decision::Wait {
        until: at(100),
        reason: "later".to_owned(),
    };
    assert!(!store.decide(&seen.task, &decision, at(6)).await.unwrap());
    assert_eq!(
        store.task(task.id).await.unwrap().unwrap().status,
        "cancelled"
    );
}

#[tokio::test]
async fn an_attempt_that_is_taken_back_counts_for_nothing() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    let attempt = attempt(&seen, at(10));
    let Begin::Begun(call) = store.begin_attempt(&attempt, at(10)).await.unwrap() else {
        panic!("it is due")
    };
    store
        .withdraw_attempt(attempt.id, call, at(40), "the node is full", at(11))
        .await
        .unwrap();
    let task = store.task(task.id).await.unwrap().unwrap();
    assert_eq!(
        (task.status.as_str(), task.attempts_made, task.attempts_left),
        ("queued", 0, 3)
    );
    assert!(store.task_attempts(task.id, 10).await.unwrap().is_empty());
    assert!(
        store
            .call(attempt.call.unwrap().id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.due_tasks(10, at(39)).await.unwrap().is_empty());
    assert_eq!(store.due_tasks(10, at(40)).await.unwrap().len(), 1);
    assert_eq!(store.next_due(at(11)).await.unwrap(), Some(at(40)));
}

#[tokio::test]
async fn an_attempt_is_abandoned_when_nobody_holds_on_to_it() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    let attempt = attempt(&seen, at(10));
    store.begin_attempt(&attempt, at(10)).await.unwrap();
    assert_eq!(store.held_attempts(NODE, at(39)).await.unwrap().len(), 1);
    assert!(
        store
            .renew_attempt(attempt.id, at(69), at(39))
            .await
            .unwrap()
    );
    assert!(store.abandoned_attempts(at(68)).await.unwrap().is_empty());
    let abandoned = store.abandoned_attempts(at(69)).await.unwrap();
    assert_eq!(abandoned[0].call, attempt.call.map(|call| call.id));
    assert!(
        !store
            .renew_attempt(attempt.id, at(100), at(69))
            .await
            .unwrap()
    );
    store
        .end_attempt(attempt.id, "failed", "the node is gone", at(70))
        .await
        .unwrap();
    assert_eq!(
        store.tasks_without_verdict(10).await.unwrap()[0].id,
        task.id
    );
}

#[tokio::test]
async fn what_is_under_way_can_be_cancelled_but_not_changed_retried_or_deleted() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    let attempt = attempt(&seen, at(10));
    store.begin_attempt(&attempt, at(10)).await.unwrap();
    assert!(is_conflict(store.queue_task(task.id, at(11)).await));
    assert!(is_conflict(store.complete_task(task.id, at(11)).await));
    assert!(is_conflict(store.delete_task(task.id, at(11)).await));
    let cancelled = store.cancel_task(task.id, at(11)).await.unwrap();
    assert_eq!(cancelled.status, "cancelled");
    let open = store.open_attempt(task.id).await.unwrap().unwrap();
    assert!(!open.is_wanted);
    assert!(is_conflict(store.retry_task(task.id, at(11)).await));
    // Its end asks for no verdict.
    store
        .end_call(
            &completed(attempt.call.as_ref().unwrap()),
            &[report()],
            at(70),
        )
        .await
        .unwrap();
    assert!(store.tasks_without_verdict(10).await.unwrap().is_empty());
    let retried = store.retry_task(task.id, at(80)).await.unwrap();
    assert_eq!(
        (retried.status.as_str(), retried.attempts_left),
        ("queued", 3)
    );
    store.delete_task(task.id, at(81)).await.unwrap();
    assert!(store.task(task.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_running_campaign_calls_its_pool_in_order_one_after_the_other() {
    let (store, database) = open().await;
    let campaign = Running::start(&store, "FIFO", 3).await;
    assert!(store.advance_campaigns(at(0)).await.unwrap());
    let [pool] = store.running_pools().await.unwrap().try_into().unwrap();
    let due = store.due_in_pool(&pool, 10, at(0)).await.unwrap();
    assert_eq!(due.len(), 3);
    let first = candidate(&store, due[0].id).await;
    assert_eq!(first.task.number.as_deref(), Some("+14155550100"));
    let one = NewAttempt {
        places: Some(1),
        ..attempt(&first, at(1))
    };
    assert!(matches!(
        store.begin_attempt(&one, at(1)).await.unwrap(),
        Begin::Begun(_)
    ));
    let second = candidate(&store, due[1].id).await;
    let two = NewAttempt {
        places: Some(1),
        ..attempt(&second, at(1))
    };
    assert_eq!(
        store.begin_attempt(&two, at(1)).await.unwrap(),
        Begin::NoPlace
    );
    assert_eq!(store.running_pools().await.unwrap()[0].under_way, 1);
    let filter = MemberFilter {
        status: Some("Processing".to_owned()),
        ..Default::default()
    };
    let members = store
        .pool_contacts(campaign.pool, &filter, 1, 25)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (members.total, members.items[0].number.as_deref()),
        (1, Some("+14155550100"))
    );
    drop(database);
}

#[tokio::test]
async fn a_paused_campaign_begins_no_call() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 1).await;
    store.advance_campaigns(at(0)).await.unwrap();
    let [pool] = store.running_pools().await.unwrap().try_into().unwrap();
    let due = store.due_in_pool(&pool, 10, at(0)).await.unwrap();
    let seen = candidate(&store, due[0].id).await;
    campaign.becomes(&store, "Paused").await;
    assert!(store.running_pools().await.unwrap().is_empty());
    let begun = store
        .begin_attempt(&attempt(&seen, at(1)), at(1))
        .await
        .unwrap();
    assert_eq!(begun, Begin::Changed);
}

#[tokio::test]
async fn a_campaign_makes_one_task_for_each_contact_and_completes_with_the_last() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 2).await;
    assert!(store.advance_campaigns(at(0)).await.unwrap());
    assert!(!store.advance_campaigns(at(1)).await.unwrap());
    let tasks = campaign.tasks(&store).await;
    assert_eq!(tasks.len(), 2);
    for task in &tasks {
        store.complete_task(task.id, at(2)).await.unwrap();
    }
    store.advance_campaigns(at(3)).await.unwrap();
    let campaign = store.campaign(campaign.id).await.unwrap().unwrap();
    assert_eq!(
        (campaign.terms.status.as_str(), campaign.completed),
        ("Completed", 2)
    );
}

#[tokio::test]
async fn at_its_end_what_a_campaign_has_not_done_expires() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 2).await;
    store.advance_campaigns(at(0)).await.unwrap();
    let ends = |terms: &mut CampaignTerms| -> Result<(), ()> {
        terms.ends_at = Some(at(100));
        Ok(())
    };
    store
        .change_campaign(campaign.id, ends, at(1))
        .await
        .unwrap();
    store.advance_campaigns(at(100)).await.unwrap();
    for task in campaign.tasks(&store).await {
        assert_eq!(task.status, "expired");
    }
    let campaign = store.campaign(campaign.id).await.unwrap().unwrap();
    assert_eq!(campaign.terms.status, "Completed");
}

#[tokio::test]
async fn who_comes_onto_the_do_not_call_list_leaves_the_campaign() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 2).await;
    store.advance_campaigns(at(0)).await.unwrap();
    store
        .add_do_not_call("+14155550101", Some("asked"), at(1))
        .await
        .unwrap();
    let tasks = campaign.tasks(&store).await;
    let status = |number: &str| {
        let of = |task: &&TaskRecord| task.number.as_deref() == Some(number);
        tasks.iter().find(of).unwrap().status.as_str()
    };
    assert_eq!(
        (status("+14155550100"), status("+14155550101")),
        ("pending", "cancelled")
    );
    let filter = MemberFilter {
        status: Some("Skipped".to_owned()),
        ..Default::default()
    };
    let skipped = store
        .pool_contacts(campaign.pool, &filter, 1, 25)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(skipped.total, 1);
}

#[tokio::test]
async fn a_contact_that_refuses_calls_from_now_on_leaves_the_campaign() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 2).await;
    store.advance_campaigns(at(0)).await.unwrap();
    let tasks = campaign.tasks(&store).await;
    let refuses = |details: &mut ContactDetails| details.do_not_call = true;
    let nothing = ContactExtras::default();
    let contact = tasks[0].contact.unwrap();
    store
        .update_contact(contact, refuses, &nothing, at(1))
        .await
        .unwrap();
    assert_eq!(campaign.cancelled(&store).await, vec![tasks[0].id]);
}

#[tokio::test]
async fn what_waits_for_a_contact_that_becomes_inactive_is_cancelled() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 2).await;
    store.advance_campaigns(at(0)).await.unwrap();
    let tasks = campaign.tasks(&store).await;
    let contact = tasks[0].contact.unwrap();
    let follow_up = NewTask {
        kind: "follow_up".to_owned(),
        contact: TaskContact::Known(contact),
        ..new_task(campaign.agent)
    };
    let follow_up = store.create_task(&follow_up, at(0)).await.unwrap();
    let rests = |details: &mut ContactDetails| details.is_inactive = true;
    store
        .update_contact(contact, rests, &ContactExtras::default(), at(1))
        .await
        .unwrap();
    assert_eq!(campaign.cancelled(&store).await, vec![tasks[0].id]);
    let left = store.task(follow_up.id).await.unwrap().unwrap();
    assert_eq!(left.status, "scheduled");
    assert!(left.is_contact_inactive);
}

#[tokio::test]
async fn contacts_that_join_a_running_campaigns_pool_get_tasks_at_once() {
    let (store, _database) = open().await;
    let campaign = Running::start(&store, "Parallel", 1).await;
    store.advance_campaigns(at(0)).await.unwrap();
    let contact = contact(&store, campaign.agent, "+14155550177").await;
    let unknown = Uuid::now_v7();
    let added = store
        .add_pool_contacts(campaign.pool, &[contact, contact, unknown], 0, at(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((added.added, added.skipped, added.tasks), (1, 1, 1));
    assert_eq!(
        (added.not_found, added.campaigns),
        (vec![unknown], vec![campaign.id])
    );
    let (copy, copied) = store
        .duplicate_pool(campaign.pool, None, true, at(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((copy.terms.name.as_str(), copied), ("Pool (copy)", 2));
}

#[tokio::test]
async fn what_belongs_to_another_workspace_is_not_there() {
    let (store, task, _database) = with_task().await;
    let campaign = Running::start(&store, "FIFO", 1).await;
    let made = store
        .create_workspace("Other", store::Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&made.id);
    assert!(other.task(task.id).await.unwrap().is_none());
    assert!(matches!(
        other.cancel_task(task.id, at(1)).await,
        Err(StepError::Unknown)
    ));
    assert!(other.campaign(campaign.id).await.unwrap().is_none());
    assert!(other.pool(campaign.pool).await.unwrap().is_none());
    let contacts = [task.contact.unwrap()];
    assert!(
        other
            .add_pool_contacts(campaign.pool, &contacts, 0, at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(!other.delete_pool(campaign.pool, at(1)).await.unwrap());
    assert!(
        other
            .tasks(&Default::default(), 1, 15)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

/// A campaign that is ready to run, with a pool of so many contacts.
struct Running {
    id: Uuid,
    pool: Uuid,
    agent: Uuid,
}

impl Running {
    async fn start(store: &Store, kind: &str, contacts: usize) -> Self {
        let new = agent("Caller");
        store.insert_agent(&new, at(0)).await.unwrap();
        let rule = store.create_rule(&rule(), at(0)).await.unwrap();
        let pool = store.create_pool(&pool(kind), at(0)).await.unwrap().id;
        for number in 0..contacts {
            let contact = contact(store, new.id, &format!("+141555501{number:02}")).await;
            store
                .add_pool_contacts(pool, &[contact], 0, at(0))
                .await
                .unwrap();
        }
        let terms = CampaignTerms {
            name: "Campaign".to_owned(),
            description: None,
            status: "Active".to_owned(),
            kind: "call".to_owned(),
            starts_at: None,
            ends_at: None,
            agent: Some(new.id),
            rule: Some(rule.id),
            template: None,
        };
        let id = store.create_campaign(&terms, at(0)).await.unwrap().id;
        store.attach_pools(id, &[pool], at(0)).await.unwrap();
        Self {
            id,
            pool,
            agent: new.id,
        }
    }

    async fn becomes(&self, store: &Store, status: &str) {
        let change = |terms: &mut CampaignTerms| -> Result<(), ()> {
            status.clone_into(&mut terms.status);
            Ok(())
        };
        store.change_campaign(self.id, change, at(1)).await.unwrap();
    }

    /// The tasks that are cancelled. As many members of the pool are skipped.
    async fn cancelled(&self, store: &Store) -> Vec<Uuid> {
        let filter = MemberFilter {
            status: Some("Skipped".to_owned()),
            ..Default::default()
        };
        let skipped = store.pool_contacts(self.pool, &filter, 1, 25).await;
        let tasks = self.tasks(store).await;
        let cancelled = tasks.iter().filter(|task| task.status == "cancelled");
        let cancelled: Vec<Uuid> = cancelled.map(|task| task.id).collect();
        assert_eq!(skipped.unwrap().unwrap().total, cancelled.len() as u64);
        cancelled
    }

    async fn tasks(&self, store: &Store) -> Vec<TaskRecord> {
        let filter = store::TaskFilter {
            campaign: Some(self.id),
            ..Default::default()
        };
        store.tasks(&filter, 1, 100).await.unwrap().items
    }
}

#[tokio::test]
async fn a_person_is_found_by_number_then_by_address_and_made_else() {
    let (store, _database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let ada = person(Some(NUMBER), None, Some("Ada"));
    let ada = task_for(&store, new.id, ada).await;
    let again = person(Some(NUMBER), Some("ada@example.com"), Some("Eve"));
    assert_eq!(task_for(&store, new.id, again).await, ada);
    let by_address = person(None, Some("ADA@example.com"), None);
    assert_eq!(task_for(&store, new.id, by_address).await, ada);
    let details = store.contact(ada).await.unwrap().unwrap().details;
    assert_eq!(
        (details.name.as_deref(), details.email.as_deref()),
        (Some("Ada"), Some("ada@example.com"))
    );
    // A shared address does not make two numbers one person.
    let other = person(Some("+14155550124"), Some("ada@example.com"), None);
    assert_ne!(task_for(&store, new.id, other).await, ada);

    let bob = task_for(&store, new.id, person(None, Some("bob@example.com"), None)).await;
    let called = person(Some("+14155550125"), Some("bob@example.com"), None);
    assert_eq!(task_for(&store, new.id, called).await, bob);
    let bob = store.contact(bob).await.unwrap().unwrap().details;
    assert_eq!(bob.number.as_deref(), Some("+14155550125"));
}

#[tokio::test]
async fn a_contact_that_does_not_want_to_be_called_is_as_on_the_list() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    assert!(!seen.is_do_not_call);
    let refuses = |details: &mut ContactDetails| details.do_not_call = true;
    let nothing = ContactExtras::default();
    let contact = task.contact.unwrap();
    store
        .update_contact(contact, refuses, &nothing, at(1))
        .await
        .unwrap();
    let begun = store.begin_attempt(&attempt(&seen, at(2)), at(2)).await;
    assert!(matches!(begun, Ok(Begin::Changed)), "{begun:?}");
    assert!(candidate(&store, task.id).await.is_do_not_call);
}

#[tokio::test]
async fn what_waits_for_a_contact_is_cancelled_with_it() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    store.delete_contact(task.contact.unwrap()).await.unwrap();
    let left = store.task(task.id).await.unwrap().unwrap();
    assert_eq!((left.status.as_str(), left.contact), ("cancelled", None));
    let begun = store.begin_attempt(&attempt(&seen, at(2)), at(2)).await;
    assert!(matches!(begun, Ok(Begin::Changed)), "{begun:?}");
}

#[tokio::test]
async fn tasks_attempts_and_pools_tell_nothing_of_an_erased_contact() {
    let (store, task, _database) = with_task().await;
    let seen = candidate(&store, task.id).await;
    let attempt = attempt(&seen, at(10));
    store.begin_attempt(&attempt, at(10)).await.unwrap();
    let contact = task.contact.unwrap();
    let refused = store.erase_contact(contact, at(11)).await;
    assert!(matches!(refused, Err(EraseContactError::InCall)));

    let call = attempt.call.as_ref().unwrap();
    store
        .end_call(&completed(call), &[report()], at(70))
        .await
        .unwrap();
    let pool = store.create_pool(&pool("FIFO"), at(0)).await.unwrap().id;
    store
        .add_pool_contacts(pool, &[contact], 0, at(80))
        .await
        .unwrap();
    let listed = store
        .add_do_not_call(NUMBER, Some("Ada said so"), at(90))
        .await;
    listed.unwrap();
    let erased = store.erase_contact(contact, at(100)).await.unwrap();
    assert_eq!((erased.removed.tasks, erased.removed.pools), (1, 1));

    let left = store.task(task.id).await.unwrap().unwrap();
    assert_eq!(
        (left.title.as_str(), left.contact, left.number),
        ("Erased", None, None)
    );
    let left = store.task_attempts(task.id, 10).await.unwrap();
    assert_eq!((left.len(), left[0].reason.as_deref()), (1, None));
    assert!(left[0].ended_at.is_some());
    let pool = store.pool(pool).await.unwrap().unwrap();
    assert_eq!(pool.contacts, 0);
    let entries = store.do_not_call(None, 1, 15).await.unwrap().items;
    assert_eq!(
        (entries[0].number.as_str(), entries[0].reason.as_deref()),
        (NUMBER, None)
    );
}

async fn task_for(store: &Store, agent: Uuid, person: Person) -> Uuid {
    let task = NewTask {
        contact: TaskContact::Person(person),
        ..new_task(agent)
    };
    let task = store.create_task(&task, at(0)).await.unwrap();
    task.contact.unwrap()
}

fn person(number: Option<&str>, email: Option<&str>, name: Option<&str>) -> Person {
    Person {
        number: number.map(str::to_owned),
        email: email.map(str::to_owned),
        name: name.map(str::to_owned),
        surname: None,
    }
}

fn pool(kind: &str) -> PoolTerms {
    PoolTerms {
        name: "Pool".to_owned(),
        description: String::new(),
        kind: kind.to_owned(),
        max_parallel_items: 10,
        max_retries: 3,
        is_active: true,
    }
}

fn rule() -> RuleTerms {
    RuleTerms {
        name: "Any time".to_owned(),
        kind: "call".to_owned(),
        max_calls_per_day: 3,
        max_total_calls: 10,
        retry_interval_minutes: 120,
        start_time: time(0, 0, 0, 0),
        end_time: time(0, 0, 0, 0),
        dnc_check: true,
        remove_on_opt_out: true,
        escalation: None,
    }
}

/// A contact that comes from a task which is out of the way.
async fn contact(store: &Store, agent: Uuid, number: &str) -> Uuid {
    let contact = TaskContact::Person(Person {
        number: Some(number.to_owned()),
        ..Person::default()
    });
    let task = NewTask {
        contact,
        ..new_task(agent)
    };
    let task = store.create_task(&task, at(0)).await.unwrap();
    store.delete_task(task.id, at(0)).await.unwrap();
    task.contact.unwrap()
}

async fn with_task() -> (Store, TaskRecord, Database) {
    let (store, database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let task = store.create_task(&new_task(new.id), at(0)).await.unwrap();
    (store, task, database)
}

fn new_task(agent: Uuid) -> NewTask {
    NewTask {
        id: Uuid::now_v7(),
        title: "Call".to_owned(),
        description: None,
        kind: "make_call".to_owned(),
        status: "scheduled".to_owned(),
        priority: 5,
        agent,
        contact: TaskContact::Person(Person {
            number: Some(NUMBER.to_owned()),
            name: Some("Ada".to_owned()),
            ..Person::default()
        }),
        campaign: None,
        scheduled_at: at(0),
        expires_at: None,
        timezone: None,
        max_attempts: 3,
        retry_strategy: "fixed".to_owned(),
        retry_minutes: vec![60],
        task_data: json!({}),
        metadata: json!({}),
        auto_queue: false,
    }
}

async fn candidate(store: &Store, task: Uuid) -> Candidate {
    store
        .candidate(task, Timestamp::UNIX_EPOCH)
        .await
        .unwrap()
        .unwrap()
}

fn attempt(candidate: &Candidate, now: Timestamp) -> NewAttempt<'_> {
    let number = candidate.task.number.as_deref().unwrap();
    let call = outbound(candidate.task.agent, number);
    NewAttempt {
        id: Uuid::now_v7(),
        candidate,
        node: NODE,
        claimed_until: now + jiff::SignedDuration::from_secs(30),
        places: None,
        call: Some(store::NewCall { at: now, ..call }),
    }
}

fn is_conflict<T>(result: Result<T, StepError>) -> bool {
    matches!(result, Err(StepError::Conflict { .. }))
}
