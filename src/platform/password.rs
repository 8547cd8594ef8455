//! Passwords: argon2id with 19 MiB, two passes, one lane (OWASP's second choice; NIST SP 800-63B-4 §3.1.1.2 wants a
//! memory-hard function). As many are hashed at once as there are cores, each in a block of memory that is kept, and only
//! so many may wait: a flood of sign-ins costs neither memory nor everyone's patience.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use super::{Fault, Result};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// The longest password that is hashed, in bytes; a longer one is wrong without hashing.
pub const LONGEST: usize = 1024;
/// How many may wait for a core; the next is told to come back.
const WAITING: usize = 128;

/// Hashes and verifies passwords. Cheap to clone; all clones share the bounds.
#[derive(Clone)]
pub struct Hasher(Arc<Shared>);

struct Shared {
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    memory: Mutex<Vec<Vec<Block>>>,
    nobody: String,
}

impl Hasher {
    /// A hasher that uses as many cores as there are. `salt` is for the hash that stands in for unknown users.
    #[must_use]
    pub fn new(salt: [u8; SALT_BYTES]) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let mut memory = Vec::new();
        let nobody = hash(b"", salt, &mut memory);
        Self(Arc::new(Shared {
            cores: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
            memory: Mutex::new(vec![memory]),
            nobody,
        }))
    }

    /// The hash of `password` with `salt`, in the PHC string format.
    ///
    /// # Errors
    /// [`Fault::Busy`] when too many wait.
    pub async fn hash(&self, password: String, salt: [u8; SALT_BYTES]) -> Result<String> {
        self.run(move |memory| hash(password.as_bytes(), salt, memory)).await
    }

    /// Whether `password` is the one that `stored` was made from. Without a stored hash the same work is done and the
    /// answer is no, so that an unknown user takes as long as a known one.
    ///
    /// # Errors
    /// [`Fault::Busy`] when too many wait.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.0.nobody.clone());
        let matches = self.run(move |memory| verify(password.as_bytes(), &stored, memory)).await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Result<T> {
        let shared = self.0.clone();
        if shared.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING {
            shared.waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(Fault::Busy);
        }
        let waiting = Waiting(shared.clone());
        let core = shared.cores.clone().acquire_owned().await.map_err(|_| Fault::Busy)?;
        drop(waiting);
        tokio::task::spawn_blocking(move || {
            let _core = core;
            let pool = |shared: &Shared| shared.memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = pool(&shared).unwrap_or_default();
            let result = work(&mut memory);
            shared.memory.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            result
        })
        .await
        .map_err(|_| Fault::Busy)
    }
}

/// Counts down even when the client goes away while it waits.
struct Waiting(Arc<Shared>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).expect("19 MiB, 2 passes, 1 lane are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn digest(password: &[u8], salt: &[u8], memory: &mut Vec<Block>) -> [u8; HASH_BYTES] {
    let argon2 = argon2();
    memory.resize(argon2.params().block_count(), Block::default());
    let mut out = [0; HASH_BYTES];
    argon2
        .hash_password_into_with_memory(password, salt, &mut out, &mut memory[..])
        .expect("lengths are within argon2's bounds");
    out
}

fn hash(password: &[u8], salt: [u8; SALT_BYTES], memory: &mut Vec<Block>) -> String {
    let digest = digest(password, &salt, memory);
    format!("{}{}${}", prefix(), BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&digest))
}

fn verify(password: &[u8], stored: &str, memory: &mut Vec<Block>) -> bool {
    let parts = stored.strip_prefix(&prefix()).and_then(|rest| rest.split_once('$'));
    let decoded = parts.and_then(|(salt, digest)| {
        Some((BASE64_NOPAD.decode(salt.as_bytes()).ok()?, BASE64_NOPAD.decode(digest.as_bytes()).ok()?))
    });
    decoded.is_some_and(|(salt, expected)| digest(password, &salt, memory)[..].ct_eq(&expected).into())
}

fn prefix() -> String {
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_and_no_other() {
        let hasher = Hasher::new([1; 16]);
        let stored = hasher.hash("correct horse".into(), [2; 16]).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify("correct horsf".into(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify(String::new(), None).await.unwrap());
        assert!(!hasher.verify("x".repeat(1 << 20), Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_and_not_remembered() {
        let hasher = Hasher::new([1; 16]);
        let stored = hasher.hash("a".into(), [2; 16]).await.unwrap();
        let all: Vec<_> = (0..400)
            .map(|_| {
                let (hasher, stored) = (hasher.clone(), stored.clone());
                tokio::spawn(async move { hasher.verify("a".into(), Some(stored)).await })
            })
            .collect();
        let mut busy = 0;
        for one in all {
            match one.await.unwrap() {
                Ok(right) => assert!(right),
                Err(_) => busy += 1,
            }
        }
        assert!(busy > 0);
        assert!(hasher.verify("a".into(), Some(stored)).await.unwrap());
    }
}
