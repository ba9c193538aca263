use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running baresip, a softphone that people use; killed when dropped.
#[derive(Debug)]
pub struct Baresip {
    child: Child,
    folder: TempDir,
}

impl Baresip {
    /// Calls `uri`, plays `speech` into the call, records what it hears, and hangs up after
    /// `seconds`.
    ///
    /// # Panics
    ///
    /// If baresip is missing (`make setup` brings it).
    pub fn call(uri: &str, speech: &Path, seconds: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("a file of baresip");
        };
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        write(
            "config",
            format!(
                "sip_listen {listen}\n\
                 audio_source aufile,{}\n\
                 audio_player aufile,{}\n\
                 audio_alert aufile,/dev/null\n\
                 audio_txmode poll\n\
                 net_interface 127.0.0.1\n\
                 module_path /usr/lib/baresip/modules\n\
                 module g711.so\n\
                 module aufile.so\n\
                 module_app account.so\n\
                 module_app menu.so\n",
                speech.display(),
                folder.path().join("heard.wav").display()
            ),
        );
        write(
            "accounts",
            "<sip:caller@127.0.0.1>;regint=0;audio_codecs=PCMU\n".to_owned(),
        );
        write("contacts", String::new());
        let output = std::fs::File::create(folder.path().join("output")).expect("a file");
        let child = Command::new("baresip")
            .args(["-f", &folder.path().display().to_string()])
            .args(["-e", &format!("/dial {uri}")])
            .args(["-t", &seconds.to_string()])
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn()
            .expect("baresip starts; is it missing? `make setup` brings it");
        Self { child, folder }
    }

    /// What it printed so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
