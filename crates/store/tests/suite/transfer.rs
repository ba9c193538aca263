//! Workspaces that go from one database to another, of the same kind and of the other.

use std::path::Path;

use store::{ContactFilter, EVERY_SCOPE, ImportError, Plan, Retention, Store, WebhookChange};
use tempfile::TempDir;
use uuid::Uuid;

use super::furnished::{self, export, import};
use crate::support::{EVENT, agent, at, completed, open, outbound, report, turn, webhook};

#[tokio::test]
async fn what_a_workspace_has_arrives_whole_and_comes_back_the_same() {
    let (store, _database) = open().await;
    let (token, call) = furnish(&store).await;
    let exported = export(&store).await;

    let (file, _folder) = file().await;
    let imported = import(&file, &exported).await.unwrap();
    assert_eq!(imported.workspace, "Default");
    assert_eq!(imported.rows, exported.len() as u64 - 2);
    assert_eq!(imported.recordings, ["1.wav"]);
    let found = file.call(call).await.unwrap().unwrap();
    assert_eq!(
        found.recording.as_deref(),
        Some(Path::new("/new/recordings/1.wav"))
    );
    let said = file.messages(found.conversation).await.unwrap();
    assert_eq!(said, [turn("agent", "Hello."), turn("caller", "Hi.")]);
    assert_eq!(file.authenticate(&token, at(1)).await.unwrap().name, "all");
    assert_eq!(file.owed_deliveries().await.unwrap(), 1);
    let all = ContactFilter::default();
    assert_eq!(file.contacts(&all, 1, 15).await.unwrap().total, 1);

    let answered = file.answered_number(&["+14155550199".to_owned()]).await;
    let agent = answered.unwrap().unwrap().agent.unwrap();
    let outgoing = file.outgoing_number(agent).await.unwrap().unwrap();
    let password = outgoing.connection.unwrap().1.password.unwrap();
    assert_eq!(password.expose(), "secret");

    let back = empty_workspace(&store).await;
    let error = import(&back, &exported).await.unwrap_err();
    assert!(
        matches!(error, ImportError::Conflict { .. }),
        "the same ids are in another workspace: {error}"
    );
    // That the token was used is all that differs.
    let again = export(&file).await;
    let rows = |lines: &[String]| -> Vec<String> {
        let rows = lines.iter().filter(|line| !line.contains("\"api_keys\""));
        rows.cloned().collect()
    };
    assert_eq!(rows(&again)[1..], rows(&exported)[1..]);
}

#[tokio::test]
async fn every_column_of_every_table_arrives_and_comes_back_the_same() {
    let (store, _database) = open().await;
    furnished::furnish(&store, &furnished::rows()).await;
    let exported = export(&store).await;
    assert_eq!(exported.len(), furnished::rows().len() + 2);
    let (file, _folder) = file().await;
    import(&file, &exported).await.unwrap();
    assert_eq!(export(&file).await[1..], exported[1..]);
}

#[tokio::test]
async fn what_is_still_to_be_deleted_is_in_the_folder_of_the_node_that_imports() {
    let (store, _database) = open().await;
    let (_, call) = furnish(&store).await;
    let contact = store.call(call).await.unwrap().unwrap().contact.unwrap();
    store.erase_contact(contact, at(80)).await.unwrap();
    let exported = export(&store).await;
    let row = exported
        .iter()
        .find(|line| line.contains("\"erased_calls\""));
    assert!(row.unwrap().contains("\"recording\":\"1.wav\""), "{row:?}");

    for (named, placed) in [
        ("1.wav", Some("/new/recordings/1.wav")),
        ("/etc/passwd", Some("/new/recordings/passwd")),
        ("../../1.wav", Some("/new/recordings/1.wav")),
        ("..", None),
    ] {
        let (file, _folder) = file().await;
        let lines: Vec<String> = exported
            .iter()
            .map(|line| {
                line.replace(
                    "\"recording\":\"1.wav\"",
                    &format!("\"recording\":\"{named}\""),
                )
            })
            .collect();
        let imported = import(&file, &lines).await.unwrap();
        assert!(
            imported.recordings.is_empty(),
            "an erased recording is not brought"
        );
        let erased = file.erased_calls(None, 10).await.unwrap();
        assert_eq!(
            erased[0].recording.as_deref(),
            placed.map(Path::new),
            "{named}"
        );
    }
}

#[tokio::test]
async fn a_transcription_arrives_with_its_words_and_without_its_audio() {
    let (store, _database) = open().await;
    let id = super::transcriptions::ended(&store, "a", 1).await;
    let exported = export(&store).await;
    let (file, _folder) = file().await;
    import(&file, &exported).await.unwrap();
    let found = file.transcription(id).await.unwrap().unwrap();
    assert_eq!(
        (found.status.as_str(), found.has_voice),
        ("completed", false)
    );
    assert_eq!(found.new.storage, None);
    assert_eq!(file.transcribed_segments(id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_sqlite_is_imported_here() {
    let (file, _folder) = file().await;
    let (token, call) = furnish(&file).await;
    file.set_retention(Some(30), None).await.unwrap();
    let exported = export(&file).await;

    let (store, _database) = open().await;
    let target = empty_workspace(&store).await;
    import(&target, &exported).await.unwrap();
    assert!(target.call(call).await.unwrap().is_some());
    assert!(store.call(call).await.unwrap().is_none());
    let key = store.authenticate(&token, at(1)).await.unwrap();
    assert_eq!(&key.workspace, target.workspace_id());
    let retention = Retention {
        recording_days: 30,
        ..Retention::default()
    };
    assert_eq!(target.retention().await.unwrap(), retention);
}

#[tokio::test]
async fn an_export_that_is_damaged_leaves_the_database_as_it_was() {
    let (source, _folder) = file().await;
    furnish(&source).await;
    let exported = export(&source).await;
    let (store, _database) = open().await;
    let changed = |index: usize, from: &str, to: &str| {
        let mut lines = exported.clone();
        let line = lines.get_mut(index).unwrap();
        assert!(line.contains(from), "{line}");
        *line = line.replacen(from, to, 1);
        lines
    };
    let last = exported.len() - 1;
    let contact = exported.iter().position(|it| it.contains("\"contacts\""));
    let contact = contact.unwrap();
    let missing: Vec<String> = [&exported[..contact], &exported[contact + 1..]].concat();
    for (lines, complaint) in [
        (Vec::new(), "line 1 is not what an export has there"),
        (exported[..last].to_vec(), "cut off"),
        (missing, "line"),
        (
            changed(0, "\"mihu_export\":1", "\"mihu_export\":9"),
            "form 1",
        ),
        (changed(0, "\"tables\":", "\"tables\":9"), "of version 9"),
        (
            changed(contact, "\"contacts\"", "\"moons\""),
            "carried over",
        ),
        (changed(contact, "\"number\"", "\"number); --\""), "columns"),
        (changed(contact, "{", ""), "a row or the end"),
        (
            [&exported[..], &exported[last..]].concat(),
            "nothing behind the last line",
        ),
    ] {
        let error = import(&store, &lines).await.unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
        assert!(store.api_keys().await.unwrap().is_empty(), "{complaint}");
        let all = ContactFilter::default();
        assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 0);
    }
}

#[tokio::test]
async fn agents_that_both_nodes_have_from_their_files_are_left_as_they_are() {
    let (source, _folder) = file().await;
    let shared = agent("Support");
    source
        .sync_file_agents(std::slice::from_ref(&shared), at(0))
        .await
        .unwrap();
    let exported = export(&source).await;
    let (store, _database) = open().await;
    store.sync_file_agents(&[shared], at(9)).await.unwrap();
    let imported = import(&store, &exported).await.unwrap();
    assert_eq!((imported.rows, imported.present), (0, 1));
}

/// One of what a call leaves behind; the token that opens the workspace, and the call.
async fn furnish(store: &Store) -> (String, Uuid) {
    let made = store
        .create_api_key("all", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let hook = webhook(new.id, "https://example.com/hook", &[EVENT]);
    store.add_webhook(&hook, 5, at(0)).await.unwrap();
    let change = WebhookChange::default();
    store
        .update_webhook(new.id, hook.id, &change, at(1))
        .await
        .unwrap();
    let call = outbound(new.id, "+14155550101");
    store.begin_call(&call).await.unwrap();
    store
        .end_call(&completed(&call), &[report()], at(65))
        .await
        .unwrap();
    store
        .add_trunk(&super::numbers::trunk("+14155550199", new.id), at(66))
        .await
        .unwrap();
    (made.token.expose().to_owned(), call.id)
}

async fn file() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("mihu.sqlite")).await;
    (store.unwrap(), folder)
}

async fn empty_workspace(store: &Store) -> Store {
    let made = store.create_workspace("New", Plan::Free, at(0)).await;
    store.in_workspace(&made.unwrap().id)
}
