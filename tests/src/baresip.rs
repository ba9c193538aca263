use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running baresip, a softphone that people use; killed when dropped.
#[derive(Debug)]
pub struct Baresip {
    child: Child,
    folder: TempDir,
}

/// What a [`Baresip`] offers.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Its codecs as `audio_codecs` names them.
    pub codecs: &'static str,
    /// How it encrypts, as `mediaenc` names it: `srtp-mand` for RTP/SAVP with SDES keys.
    pub encryption: Option<&'static str>,
}

impl Default for Offer {
    /// PCMU in the clear.
    fn default() -> Self {
        Self {
            codecs: "PCMU",
            encryption: None,
        }
    }
}

impl Baresip {
    /// Calls `uri`, plays `speech`, which must have the codec's own rate, into the call, records what it hears, and hangs up after
    /// `seconds`.
    ///
    /// # Panics
    ///
    /// If baresip is missing (`make setup` brings it).
    pub fn call(uri: &str, offer: Offer, speech: &Path, seconds: u32) -> Self {
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
                 audio_player aubridge,nobody\n\
                 audio_alert aufile,/dev/null\n\
                 audio_txmode poll\n\
                 net_interface 127.0.0.1\n\
                 module_path /usr/lib/baresip/modules\n\
                 module g711.so\n\
                 module g722.so\n\
                 module opus.so\n\
                 module srtp.so\n\
                 module aufile.so\n\
                 module aubridge.so\n\
                 module sndfile.so\n\
                 snd_path {}\n\
                 module_app account.so\n\
                 module_app menu.so\n",
                speech.display(),
                folder.path().display()
            ),
        );
        let encryption = offer.encryption.map(|name| format!(";mediaenc={name}"));
        write(
            "accounts",
            format!(
                "<sip:caller@127.0.0.1>;regint=0;audio_codecs={}{}\n",
                offer.codecs,
                encryption.unwrap_or_default()
            ),
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

    /// The recording of what it heard, complete once it has ended its call.
    pub fn heard(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).ok()?;
        let mut files = files.filter_map(|file| Some(file.ok()?.path()));
        files.find(|path| path.to_string_lossy().ends_with("-dec.wav"))
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
