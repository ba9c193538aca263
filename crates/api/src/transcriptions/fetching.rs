//! Fetches the files that are to be written down.

use std::io;
use std::path::Path;

use http::StatusCode;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::thread::Trouble;
use crate::state::ApiState;

/// Fetches the file at `url` to `path`. `field` is what its owner calls the address.
pub(super) async fn fetch(
    state: &ApiState,
    field: &str,
    url: &str,
    path: &Path,
) -> Result<(), Trouble> {
    let unfinished = Unfinished(state.audio.unfinished());
    let fetched = download(state, url, &unfinished.0).await;
    let fetched = fetched.map_err(|trouble| match trouble {
        Trouble::Final(why) => Trouble::Final(told(field, &why)),
        Trouble::Passing(why) => Trouble::Passing(told(field, &why)),
    });
    fetched?;
    let kept = tokio::fs::rename(&unfinished.0, path).await;
    kept.map_err(|error| disk(&error))
}

fn told(field: &str, why: &str) -> String {
    format!("the file at `{field}` can not be fetched: {why}")
}

async fn download(state: &ApiState, url: &str, path: &Path) -> Result<(), Trouble> {
    let url = Url::parse(url).map_err(|error| Trouble::Final(error.to_string()))?;
    let request = state.downloads.get(url);
    let request = request.map_err(|refused| Trouble::Final(refused.to_string()))?;
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    if !status.is_success() {
        let why = format!("it answered {status}");
        let may_pass = status.is_server_error()
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
            );
        return Err(if may_pass {
            Trouble::Passing(why)
        } else {
            Trouble::Final(why)
        });
    }
    let most = state.config.transcriptions.max_file;
    let too_large = || Trouble::Final(format!("it is larger than {most} bytes"));
    if response
        .content_length()
        .is_some_and(|length| length > most)
    {
        return Err(too_large());
    }
    let mut file = File::create_new(path).await.map_err(|error| disk(&error))?;
    let mut length = 0;
    while let Some(piece) = response.chunk().await.map_err(unreachable)? {
        length += piece.len() as u64;
        if length > most {
            return Err(too_large());
        }
        file.write_all(&piece).await.map_err(|error| disk(&error))?;
    }
    file.flush().await.map_err(|error| disk(&error))?;
    file.sync_all().await.map_err(|error| disk(&error))
}

fn unreachable(error: reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::Passing("it did not come in time".to_owned());
    }
    match outbound::refusal(&error) {
        Some(refused) => Trouble::Final(refused.to_string()),
        None => Trouble::Passing(outbound::reason(error)),
    }
}

fn disk(error: &io::Error) -> Trouble {
    tracing::error!(%error, "a file that was fetched can not be written");
    Trouble::Passing("the node can not write it".to_owned())
}

/// A file that goes unless it gets another name.
struct Unfinished(std::path::PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "a file that was not fetched whole stays"),
        }
    }
}
