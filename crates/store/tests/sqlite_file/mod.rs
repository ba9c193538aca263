//! The database file: made, found again, refused.

use std::os::unix::fs::PermissionsExt as _;

use sqlx::Connection as _;
use store::{EVERY_SCOPE, OpenStoreError, Store};
use tempfile::TempDir;

use crate::support::at;

#[tokio::test]
async fn a_missing_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a/b/mihu.sqlite"))
        .await
        .unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn several_processes_may_create_the_same_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mihu.sqlite");
    let (a, b, c, d) = tokio::join!(
        Store::open(&path),
        Store::open(&path),
        Store::open(&path),
        Store::open(&path),
    );
    for store in [a, b, c, d] {
        store.unwrap().check().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are my notes, they are not a database at all").unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(
        matches!(error, OpenStoreError::NotADatabase { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("notes.txt"), "{error}");
    let left = std::fs::read_to_string(&path).unwrap();
    assert!(left.starts_with("these are my notes"));
}

#[tokio::test]
async fn a_folder_that_can_not_be_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("mihu.sqlite")).await.unwrap_err();
    assert!(
        matches!(error, OpenStoreError::Unusable { .. }),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(
        message.contains("mihu.sqlite") && message.contains("may write there"),
        "{message}"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let (store, folder) = open().await;
    store.close().await;
    let path = folder.path().join("mihu.sqlite");
    let url = format!("sqlite://{}", path.display());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    raw.close().await.unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(
        matches!(error, OpenStoreError::OtherVersion { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    let (_store, folder) = open().await;
    for name in ["mihu.sqlite", "mihu.sqlite-wal"] {
        let mode = std::fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn the_file_holds_no_token() {
    let (store, folder) = open().await;
    let made = store
        .create_api_key("one", &[EVERY_SCOPE], None, at(0))
        .await
        .unwrap();
    store.close().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let token = made.token.expose().as_bytes();
        assert!(!bytes.windows(token.len()).any(|window| window == token));
    }
}

async fn open() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("mihu.sqlite"))
        .await
        .unwrap();
    (store, folder)
}
