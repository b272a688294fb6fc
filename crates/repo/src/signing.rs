//! The key that releases are signed with: an SSH key, so that every git can tell.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use ssh_key::{HashAlg, LineEnding, PrivateKey, private::Ed25519Keypair};

/// What git says that it signs.
const NAMESPACE: &str = "git";

/// Readable by its owner alone, or `ssh-keygen` refuses it as well.
const PRIVATE: u32 = 0o600;

/// A whole OpenSSH key of this kind has about 400.
const KEY_BYTES_MAX: u64 = 16 << 10;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("could not read the signing key `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not make the signing key `{}`", path.display())]
    Create {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "others can read the signing key `{}`: run `chmod 600` on it, and make a new one if it was seen",
        path.display()
    )]
    Exposed { path: PathBuf },
    #[error(
        "`{}` is no Ed25519 key without a passphrase: move it away, and a new one is made",
        path.display()
    )]
    Unusable {
        path: PathBuf,
        #[source]
        source: ssh_key::Error,
    },
    #[error("the signing key does not sign")]
    Sign(#[source] ssh_key::Error),
}

/// An Ed25519 key that signs commits and tags.
pub struct SigningKey {
    key: PrivateKey,
}

impl SigningKey {
    /// The key in the file `path`, which is made, with its folder, if there is none.
    pub fn load_or_create(path: &Path) -> Result<Self, SigningError> {
        match Self::load(path) {
            Err(SigningError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(|source| SigningError::Create {
                    path: path.to_owned(),
                    source,
                })?;
                // Of several processes at their first start one made it.
                Self::load(path)
            }
            outcome => outcome,
        }
    }

    pub fn load(path: &Path) -> Result<Self, SigningError> {
        let read = |source| SigningError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(read)?;
        let mode = file.metadata().map_err(read)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SigningError::Exposed {
                path: path.to_owned(),
            });
        }
        let mut text = Vec::new();
        (file.take(KEY_BYTES_MAX).read_to_end(&mut text)).map_err(read)?;
        let unusable = |source| SigningError::Unusable {
            path: path.to_owned(),
            source,
        };
        let key = PrivateKey::from_openssh(&text).map_err(unusable)?;
        if key.key_data().ed25519().is_none() {
            return Err(unusable(ssh_key::Error::AlgorithmUnknown));
        }
        Ok(Self { key })
    }

    /// The signature of `bytes`, armoured as git puts it into commits and tags.
    pub fn sign(&self, bytes: &[u8]) -> Result<String, SigningError> {
        self.key
            .sign(NAMESPACE, HashAlg::Sha512, bytes)
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(SigningError::Sign)
    }

    /// The line of an allowed-signers file by which git knows the key as `principal`'s.
    pub fn allowed_signer(&self, principal: &str) -> Result<String, SigningError> {
        let public = self.key.public_key().key_data().clone();
        let public = ssh_key::PublicKey::new(public, "");
        let public = public.to_openssh().map_err(SigningError::Sign)?;
        Ok(format!("{principal} namespaces=\"{NAMESPACE}\" {public}\n"))
    }

    /// What `ssh-keygen -l` calls the key.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }
}

/// A new key, seen whole or not at all; the first of several wins.
fn create(path: &Path) -> io::Result<()> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "luthier")
        .and_then(|key| key.to_openssh(LineEnding::LF))
        .map_err(io::Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let file = tempfile::Builder::new()
        .prefix(".key-")
        .permissions(fs::Permissions::from_mode(PRIVATE))
        .tempfile_in(folder)?;
    file.as_file().write_all(key.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder)?.sync_all(),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}
