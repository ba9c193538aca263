//! Forms with files (`multipart/form-data`, RFC 7578), whose files go to the disk as they arrive.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use multer::{Field, Multipart};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use uuid::Uuid;

use crate::error::ApiError;

/// Fields that a form has at most.
const MOST_FIELDS: usize = 64;
/// Bytes of a field that is no file.
const LARGEST_TEXT: usize = 64 * 1024;
/// Bytes that may have arrived without being part of a field: boundaries and heads of fields.
const MOST_AROUND: u64 = 1024 * 1024;

/// How a form is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormTerms<'a> {
    /// Where files are put.
    pub(crate) folder: &'a Path,
    /// The fields that are files.
    pub(crate) files: &'a [&'static str],
    /// Bytes that one file has at most.
    pub(crate) largest: u64,
    /// How long nothing may arrive.
    pub(crate) idle: Duration,
    /// How long all of it may take.
    pub(crate) whole: Duration,
}

/// A form that was read.
#[derive(Debug, Default)]
pub(crate) struct Form {
    texts: BTreeMap<String, String>,
    files: BTreeMap<String, Upload>,
}

/// A file on the disk, which goes when this is dropped unless it is kept.
#[derive(Debug)]
pub(crate) struct Upload {
    path: PathBuf,
    digest: [u8; 32],
    is_kept: bool,
}

impl Form {
    /// Whether a body is announced as a form.
    pub(crate) fn is_announced(headers: &HeaderMap) -> bool {
        boundary(headers).is_some()
    }

    /// Reads a form to its end.
    pub(crate) async fn read(
        headers: &HeaderMap,
        body: Body,
        terms: FormTerms<'_>,
    ) -> Result<Self, ApiError> {
        let Some(boundary) = boundary(headers) else {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "The body is announced as something else than a form.",
                "Send `Content-Type: multipart/form-data` with its boundary.",
            ));
        };
        let announced = headers.get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let most = terms.largest.saturating_add(MOST_AROUND);
        if announced.is_some_and(|announced| announced > most) {
            return Err(too_large(terms.largest));
        }
        let reading = read_fields(body, boundary, terms);
        let read = tokio::time::timeout(terms.whole, reading).await;
        read.map_err(|_| timed_out(terms.whole))?
    }

    /// The same for forms with the same fields and files, however they were sent.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (name, text) in &self.texts {
            digest.update(Sha256::digest(name));
            digest.update(Sha256::digest(text));
        }
        digest.update(b"files");
        for (name, file) in &self.files {
            digest.update(Sha256::digest(name));
            digest.update(file.digest);
        }
        digest.finalize().into()
    }

    /// Takes a text out; an empty one counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.take_even_empty(name).filter(|text| !text.is_empty())
    }

    /// Takes a text out, also an empty one.
    pub(crate) fn take_even_empty(&mut self, name: &str) -> Option<String> {
        self.texts.remove(name)
    }

    /// Takes a file out.
    pub(crate) fn take_file(&mut self, name: &str) -> Option<Upload> {
        self.files.remove(name)
    }

    /// The name of a field that was not taken.
    pub(crate) fn left_over(&self) -> Option<&str> {
        let mut names = self.texts.keys().chain(self.files.keys());
        names.next().map(String::as_str)
    }
}

impl Upload {
    /// Keeps the file under this name, in the same folder.
    pub(crate) async fn keep(mut self, path: &Path) -> io::Result<()> {
        tokio::fs::rename(&self.path, path).await?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "an upload that nobody wants stays");
        }
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok()
}

async fn read_fields(body: Body, boundary: String, terms: FormTerms<'_>) -> Result<Form, ApiError> {
    let pending = Arc::new(AtomicU64::new(0));
    let mut parts = Multipart::new(bounded(body, Arc::clone(&pending)), boundary);
    let mut form = Form::default();
    let mut count = 0;
    loop {
        let next = tokio::time::timeout(terms.idle, parts.next_field()).await;
        let next = next.map_err(|_| timed_out(terms.idle))?;
        let Some(field) = next.map_err(|error| broken(&error, terms.largest))? else {
            return Ok(form);
        };
        count += 1;
        let name = field.name().unwrap_or_default().to_owned();
        let is_known_twice = form.texts.contains_key(&name) || form.files.contains_key(&name);
        if count > MOST_FIELDS || is_known_twice {
            return Err(ApiError::invalid(name, "each field once"));
        }
        if terms.files.contains(&name.as_str()) {
            let file = read_file(field, &pending, terms).await?;
            form.files.insert(name, file);
        } else {
            let text = read_text(field, &name, &pending, terms).await?;
            form.texts.insert(name, text);
        }
    }
}

/// Breaks off where more has arrived that belongs to no field than a form needs around its fields.
fn bounded(
    body: Body,
    pending: Arc<AtomicU64>,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
    body.into_data_stream().map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        let length = piece.len() as u64;
        let waiting = pending.fetch_add(length, Ordering::Relaxed) + length;
        // A piece itself may be as large as the connection's buffer.
        if waiting > MOST_AROUND + length {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(piece)
    })
}

async fn next_piece(
    field: &mut Field<'_>,
    pending: &AtomicU64,
    terms: FormTerms<'_>,
) -> Result<Option<Bytes>, ApiError> {
    let piece = tokio::time::timeout(terms.idle, field.chunk()).await;
    let piece = piece.map_err(|_| timed_out(terms.idle))?;
    let piece = piece.map_err(|error| broken(&error, terms.largest))?;
    let length = piece.as_ref().map_or(0, Bytes::len) as u64;
    pending.fetch_sub(length, Ordering::Relaxed);
    Ok(piece)
}

async fn read_text(
    mut field: Field<'_>,
    name: &str,
    pending: &AtomicU64,
    terms: FormTerms<'_>,
) -> Result<String, ApiError> {
    let mut text = Vec::new();
    while let Some(piece) = next_piece(&mut field, pending, terms).await? {
        text.extend_from_slice(&piece);
        if text.len() > LARGEST_TEXT {
            return Err(ApiError::invalid(name, "at most 65536 bytes"));
        }
    }
    let text = String::from_utf8(text).ok();
    let text = text.filter(|text| !text.contains('\0'));
    text.ok_or_else(|| ApiError::invalid(name, "text in UTF-8 without NUL characters"))
}

async fn read_file(
    mut field: Field<'_>,
    pending: &AtomicU64,
    terms: FormTerms<'_>,
) -> Result<Upload, ApiError> {
    let internal = |error: io::Error| ApiError::internal("store an upload", &error);
    let name = format!("{}.part", Uuid::now_v7());
    let path = terms.folder.join(name);
    let file = File::create_new(&path).await.map_err(internal)?;
    let mut upload = Upload {
        path,
        digest: [0; 32],
        is_kept: false,
    };
    let mut file = BufWriter::with_capacity(256 * 1024, file);
    let mut digest = Sha256::new();
    let mut length = 0;
    while let Some(piece) = next_piece(&mut field, pending, terms).await? {
        length += piece.len() as u64;
        if length > terms.largest {
            return Err(too_large(terms.largest));
        }
        digest.update(&piece);
        file.write_all(&piece).await.map_err(internal)?;
    }
    file.flush().await.map_err(internal)?;
    file.get_ref().sync_all().await.map_err(internal)?;
    upload.digest = digest.finalize().into();
    Ok(upload)
}

fn too_large(most: u64) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BODY_TOO_LARGE",
        "The body is too large.",
        format!("A file may have at most {most} bytes."),
    )
}

fn timed_out(time: Duration) -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "REQUEST_TIMEOUT",
        "The body did not arrive in time.",
        format!("Nothing that was needed came within {} s.", time.as_secs()),
    )
}

fn broken(error: &multer::Error, largest: u64) -> ApiError {
    if let multer::Error::StreamReadFailed(cause) = error {
        let cause = cause.downcast_ref::<io::Error>();
        if cause.is_some_and(|cause| cause.kind() == io::ErrorKind::FileTooLarge) {
            return too_large(largest);
        }
    }
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "INVALID_FORM",
        "The body is no whole form.",
        "Send the fields as `multipart/form-data` (RFC 7578), each with its name, up to the last \
         boundary.",
    )
}
