use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long Chromium may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page in a headless Chromium of its own; killed when dropped.
///
/// It is driven over the pipes that Chromium calls `--remote-debugging-pipe`, so it opens no port
/// and ends by itself when the test does. What goes wrong in the page is kept:
/// [`Chromium::complaints`].
#[derive(Debug)]
pub struct Chromium {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    last_id: u64,
    session: String,
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Chromium {
    /// Opens the file at `path` in a window of `width` by `height` pixels, and waits until it is
    /// loaded.
    ///
    /// # Panics
    ///
    /// If Chromium is missing (`scripts/setup.sh test` brings it) or does not load the page.
    pub fn open(path: &Path, width: u32, height: u32) -> Self {
        let mut chromium = Self::start();
        let created = chromium.browser("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": created["targetId"], "flatten": true});
        let attached = chromium.browser("Target.attachToTarget", attach);
        chromium.session = attached["sessionId"]
            .as_str()
            .expect("a session")
            .to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            chromium.command(&format!("{domain}.enable"), json!({}));
        }
        chromium.resize(width, height);
        let path = path.canonicalize().expect("the page is there");
        let url = format!("file://{}", path.display());
        chromium.command("Page.navigate", json!({ "url": url }));
        chromium.wait_until("location.protocol == 'file:' && document.readyState == 'complete'");
        chromium
    }

    /// Goes to another address, and waits until what is there is loaded.
    ///
    /// # Panics
    ///
    /// If nothing is there.
    pub fn go(&mut self, url: &str) {
        let answer = self.command("Page.navigate", json!({ "url": url }));
        assert_eq!(answer.get("errorText"), None, "{url}");
        self.wait_until("document.readyState == 'complete'");
    }

    /// What JavaScript's `expression` comes to in the page, as JSON; promises are awaited.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression,
            "returnByValue": true,
            "awaitPromise": true,
        });
        let mut answer = self.command("Runtime.evaluate", parameters);
        let thrown = answer.get("exceptionDetails");
        assert_eq!(thrown, None, "`{expression}` throws");
        answer["result"]["value"].take()
    }

    /// Waits until `condition` holds in the page.
    ///
    /// # Panics
    ///
    /// If it does not within half a minute.
    pub fn wait_until(&mut self, condition: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.evaluate(condition) != json!(true) {
            let complaints = &self.complaints;
            assert!(
                Instant::now() < deadline,
                "never: {condition}\n{complaints:#?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses the mouse button as a user does, at a point of the first element that `selector`
    /// selects, after scrolling it into view: `across` and `down` are shares of its size.
    ///
    /// # Panics
    ///
    /// If there is no such element.
    pub fn click(&mut self, selector: &str, across: f64, down: f64) {
        let selector = json!(selector);
        let place = self.evaluate(&format!(
            "(() => {{ const one = document.querySelector({selector});
               one.scrollIntoView({{ block: 'center', behavior: 'instant' }});
               const box = one.getBoundingClientRect();
               return [box.x + box.width * {across}, box.y + box.height * {down}]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.command("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses a key, named as `KeyboardEvent.key` is.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.command("Input.dispatchKeyEvent", json!({"type": kind, "key": key}));
        }
    }

    /// Makes the window `width` by `height` pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        // A scroll bar would be laid out but not be in a picture.
        self.command("Emulation.setScrollbarsHidden", json!({"hidden": true}));
        self.command("Emulation.setDeviceMetricsOverride", size);
    }

    /// Says which colour scheme the user prefers: `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.command(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    /// A picture of the page from top to bottom: a PNG file in base64.
    pub fn picture(&mut self) -> String {
        let what = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.command("Page.captureScreenshot", what);
        answer["data"].as_str().unwrap_or_default().to_owned()
    }

    /// What went wrong in the page so far: exceptions, errors and warnings of the console,
    /// violations of its content security policy, and requests to anything but itself.
    pub fn complaints(&mut self) -> &[String] {
        // What was said before this is answered.
        self.evaluate("0");
        &self.complaints
    }

    fn start() -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        // Chromium reads commands from descriptor 3 and writes to 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .args(["--headless", "--remote-debugging-pipe", "--no-first-run"])
            .args(["--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
            ])
            // Its sandbox does not work for root, nor in most containers.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let commands = child.stdin.take().expect("its input is a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        // overflow: awaited; Chromium waits until the test has read.
        let (sender, messages) = sync_channel(1_000);
        // Ends with the pipe, that is with Chromium, or with the receiver.
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output
                .read_until(0, &mut message)
                .is_ok_and(|read| read > 0)
            {
                let text = message.strip_suffix(&[0]).unwrap_or(&message);
                let parsed = serde_json::from_slice(text).expect("Chromium writes JSON");
                if sender.send(parsed).is_err() {
                    return;
                }
                message.clear();
            }
        });
        Self {
            child,
            commands,
            messages,
            last_id: 0,
            session: String::new(),
            complaints: Vec::new(),
            _profile: profile,
        }
    }

    /// Asks the page.
    fn command(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.ask(json!({"method": method, "params": parameters, "sessionId": session}))
    }

    /// Asks the browser as a whole.
    fn browser(&mut self, method: &str, parameters: Value) -> Value {
        self.ask(json!({"method": method, "params": parameters}))
    }

    fn ask(&mut self, mut command: Value) -> Value {
        self.last_id += 1;
        command["id"] = json!(self.last_id);
        let mut text = command.to_string().into_bytes();
        text.push(0);
        let sent = self.commands.write_all(&text);
        sent.expect("Chromium listens; is it missing? `scripts/setup.sh test` brings it");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut message = match self.messages.recv_timeout(left) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => panic!("no answer to {command}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("Chromium ended; is it missing? `scripts/setup.sh test` brings it")
                }
            };
            if message["id"] == command["id"] {
                assert_eq!(message.get("error"), None, "{command}");
                return message["result"].take();
            }
            self.complaints.extend(complaint(&message));
        }
    }
}

/// What `event` tells of that should not happen.
fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    let wrong = match event["method"].as_str()? {
        "Runtime.exceptionThrown" | "Inspector.targetCrashed" => true,
        "Runtime.consoleAPICalled" => {
            matches!(
                parameters["type"].as_str(),
                Some("error" | "warning" | "assert")
            )
        }
        "Log.entryAdded" => {
            let level = parameters["entry"]["level"].as_str();
            matches!(level, Some("error" | "warning"))
        }
        "Audits.issueAdded" => parameters["issue"]["code"] == json!("ContentSecurityPolicyIssue"),
        "Network.requestWillBeSent" => {
            let url = parameters["request"]["url"].as_str().unwrap_or_default();
            let own = ["file:", "blob:", "data:"];
            !own.iter().any(|scheme| url.starts_with(scheme))
        }
        _ => false,
    };
    wrong.then(|| event.to_string())
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Its processes are a group of their own.
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
        drop(self.child.wait());
    }
}
