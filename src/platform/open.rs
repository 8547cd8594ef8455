//! Opens an installation: a database and the key file that belongs to it, from the first start on. The database knows its
//! key file by a keyed hash, and by the same hash whether it is a demo: neither can be changed without the key.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::db::Tx;
use super::keys::Purpose;
use super::{Clock, Config, Conn, Db, Fault, Hasher, Keys, Platform, Result, Rng};
use crate::domain::time::Time;

/// What an installation is for, decided at its first start and for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Real people.
    Real,
    /// Made-up people with a known password, whose phones a command plays.
    Demo,
}

impl Kind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Real => b"installation",
            Self::Demo => b"demo",
        }
    }
}

/// Opens the installation that is there. Where there is none, this is the first start of one.
///
/// # Errors
/// When the database cannot be reached, is of a newer version, or is not the key file's.
pub async fn open(config: &Config) -> Result<Platform> {
    Ok(open_or_make(config, Kind::Real).await?.0)
}

/// The same for real people only: a demo's password is known to everybody.
///
/// # Errors
/// As [`open`], and [`Fault::Installation`] for a demo.
pub async fn open_real(config: &Config) -> Result<Platform> {
    match open_or_make(config, Kind::Real).await? {
        (platform, Kind::Real) => Ok(platform),
        (_, Kind::Demo) => Err(Fault::Installation("this is a demo: start it with `rekey demo`".to_owned())),
    }
}

/// The same for a demo only: what a demo shows would open every real account.
///
/// # Errors
/// As [`open`], and [`Fault::Installation`] where real people are.
pub async fn open_demo(config: &Config) -> Result<Platform> {
    demo_only(open_or_make(config, Kind::Demo).await?)
}

/// Opens the installation that is there, and makes none.
///
/// # Errors
/// As [`open`], and [`Fault::Installation`] where there is none.
pub async fn open_existing(config: &Config) -> Result<Platform> {
    Ok(existing(config).await?.0)
}

/// Opens the demo that is there, and makes none.
///
/// # Errors
/// As [`open_demo`], and [`Fault::Installation`] where there is none.
pub async fn open_existing_demo(config: &Config) -> Result<Platform> {
    demo_only(existing(config).await?)
}

fn demo_only((platform, kind): (Platform, Kind)) -> Result<Platform> {
    match kind {
        Kind::Demo => Ok(platform),
        Kind::Real => Err(Fault::Installation("real people are here, and this is for a demo alone".to_owned())),
    }
}

async fn open_or_make(config: &Config, kind: Kind) -> Result<(Platform, Kind)> {
    make_room(config)?;
    let db = connect(config, &config.database_url()).await?;
    let rng = Rng::system();
    let path = config.key_file();
    let (keys, kind) = match known(&db, &path).await? {
        Some(known) => known,
        None => first_start(&db, &path, &rng, kind).await?,
    };
    Ok((platform(config, db, rng, keys, kind).await?, kind))
}

async fn existing(config: &Config) -> Result<(Platform, Kind)> {
    let none = || Fault::Installation(format!("nothing is installed at {}", place(config)));
    let url = config.database_url();
    let file = url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//").split('?').next().unwrap_or(rest));
    if file.is_some_and(|file| !Path::new(file).exists()) {
        return Err(none());
    }
    let db = connect(config, &url).await?;
    let (keys, kind) = known(&db, &config.key_file()).await?.ok_or_else(none)?;
    Ok((platform(config, db, Rng::system(), keys, kind).await?, kind))
}

async fn platform(config: &Config, db: Db, rng: Rng, keys: Keys, kind: Kind) -> Result<Platform> {
    let hasher = Hasher::new(rng.bytes());
    let clock = Clock::system();
    let (newest,): (Time,) =
        sqlx::query_as("SELECT newest_time FROM installation").fetch_one(&mut *db.read().await?).await?;
    clock.go_on_from(newest);
    Ok(Platform {
        db,
        clock,
        rng,
        keys: Arc::new(keys),
        hasher,
        config: Arc::new(config.clone()),
        // A demo shows messages in its mailbox.
        reaches_phones: kind == Kind::Demo || config.sms_url().is_some(),
    })
}

/// Writes down how late it is: the next start goes on from there, whatever its clock shows.
///
/// # Errors
/// When the database fails.
pub async fn remember_time(platform: &Platform) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    // Of several nodes, the one that is ahead.
    sqlx::query("UPDATE installation SET newest_time = $1 WHERE newest_time < $1")
        .bind(platform.now())
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Where the database is, without the password that its address may hold.
fn place(config: &Config) -> String {
    match &config.database_url {
        Some(url) if url.starts_with("postgres") => "the database of REKEY_DATABASE_URL".to_owned(),
        Some(url) => url.clone(),
        None => config.data.display().to_string(),
    }
}

/// The folders of what lies in files, and the file of the database, for their owner alone. What is there stays as it is.
fn make_room(config: &Config) -> Result<()> {
    let mut folders = Vec::new();
    if config.database_url.is_none() {
        folders.push(config.data.clone());
    }
    folders.extend(config.key_file().parent().map(Path::to_path_buf));
    for folder in folders.into_iter().filter(|folder| *folder != PathBuf::new()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|error| not_made(&folder, &error))?;
    }
    let file = config.database_file();
    if config.database_url.is_none() && !file.exists() {
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file).map_err(|error| not_made(&file, &error))?;
    }
    Ok(())
}

fn not_made(path: &Path, error: &std::io::Error) -> Fault {
    Fault::Installation(format!("{} cannot be made ({error})", path.display()))
}

async fn connect(config: &Config, url: &str) -> Result<Db> {
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Fault::Installation("a database's address begins with postgres:// or sqlite:".to_owned()));
    }
    let db = Db::connect(url).await?;
    db.migrate().await.map_err(|fault| match fault {
        Fault::Database(sqlx::Error::Migrate(error))
            if matches!(*error, sqlx::migrate::MigrateError::VersionMissing(_)) =>
        {
            Fault::Installation(format!("{} was written by a newer Rekey than this one", place(config)))
        }
        other => other,
    })?;
    Ok(db)
}

/// The keys of a database that has been started before, and what it is for. Fails closed: without its own key file
/// nothing in it is opened, and nothing new is written with another.
async fn known(db: &Db, path: &Path) -> Result<Option<(Keys, Kind)>> {
    let Some(check) = key_check(&mut *db.read().await?).await? else {
        return Ok(None);
    };
    if !path.exists() {
        return Err(Fault::KeyFile(format!(
            "{} is missing and this database cannot be used without it: bring back your copy, or say where it is",
            path.display()
        )));
    }
    let keys = Keys::load(path)?;
    let kind =
        [Kind::Real, Kind::Demo].into_iter().find(|kind| keys.is_keyed_hash(Purpose::Check, kind.label(), &check));
    match kind {
        Some(kind) => Ok(Some((keys, kind))),
        None => Err(Fault::KeyFile(format!("{} is not the one this database was begun with", path.display()))),
    }
}

async fn first_start(db: &Db, path: &Path, rng: &Rng, kind: Kind) -> Result<(Keys, Kind)> {
    let mut tx = db.begin().await?;
    // Whoever comes second waits here and then finds the row: of two nodes that start at once, one makes the keys.
    if !claim(&mut tx).await? {
        drop(tx);
        let known = known(db, path).await?;
        return known.ok_or_else(|| Fault::Installation("another first start failed: try again".to_owned()));
    }
    // A key file without a row is one that a first start made before it was cut off, or that the operator laid there.
    let keys = if path.exists() { Keys::load(path)? } else { Keys::create(path, rng)? };
    sqlx::query("UPDATE installation SET key_check = $1")
        .bind(keys.keyed_hash(Purpose::Check, kind.label()))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok((keys, kind))
}

async fn claim(tx: &mut Tx) -> Result<bool> {
    let done = sqlx::query("INSERT INTO installation (only_row, key_check) VALUES (1, '') ON CONFLICT DO NOTHING")
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    // A database that holds people has had its keys: new ones would open nothing and hide that.
    let (customers,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM customers").fetch_one(&mut **tx).await?;
    if customers > 0 {
        return Err(Fault::Installation("the database holds customers but not which keys are theirs".to_owned()));
    }
    Ok(true)
}

async fn key_check(conn: &mut Conn) -> Result<Option<String>> {
    let row: Option<(String,)> = sqlx::query_as("SELECT key_check FROM installation").fetch_optional(conn).await?;
    Ok(row.map(|(check,)| check))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::platform::keys::new_token;

    /// A folder of its own, gone when it is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("rekey-open-{}", new_token(&Rng::system()))))
        }

        fn config(&self) -> Config {
            Settings::parse_from(["rekey".into(), "--data".into(), self.0.join("data").into_os_string()]).config
        }
    }

    #[derive(clap::Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn a_first_start_makes_what_later_ones_find() {
        let folder = Folder::new();
        let config = folder.config();
        assert!(matches!(open_existing(&config).await, Err(Fault::Installation(_))));
        assert!(!folder.0.exists(), "looking makes nothing");
        let made = open(&config).await.unwrap().keys.newest_id().to_owned();
        assert_eq!(open_existing(&config).await.unwrap().keys.newest_id(), made);
        assert_eq!(open_real(&config).await.unwrap().keys.newest_id(), made);
        #[cfg(unix)]
        for (path, mode) in [(config.data.clone(), 0o700), (config.database_file(), 0o600), (config.key_file(), 0o600)]
        {
            let permissions = fs::metadata(path).unwrap().permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777, mode);
        }
    }

    #[tokio::test]
    async fn a_start_goes_on_from_the_time_of_the_last_one() {
        let folder = Folder::new();
        let config = folder.config();
        let ahead = open(&config).await.unwrap();
        let newest = ahead.now() + crate::domain::time::Span::hours(1);
        remember_time(&Platform { clock: Clock::held(newest), ..ahead.clone() }).await.unwrap();
        remember_time(&Platform { clock: Clock::system(), ..ahead }).await.unwrap();
        let again = open(&config).await.unwrap();
        assert_eq!(again.now(), newest);
        assert!(again.wall() < newest);
    }

    #[tokio::test]
    async fn without_its_key_file_a_database_stays_shut() {
        let folder = Folder::new();
        let config = folder.config();
        open(&config).await.unwrap().db.close().await;
        let copy = fs::read(config.key_file()).unwrap();
        fs::remove_file(config.key_file()).unwrap();
        assert!(matches!(open(&config).await, Err(Fault::KeyFile(_))));
        assert!(!config.key_file().exists(), "no new keys are made for old data");
        Keys::create(&config.key_file(), &Rng::system()).unwrap();
        assert!(matches!(open(&config).await, Err(Fault::KeyFile(_))));
        fs::write(config.key_file(), copy).unwrap();
        assert!(open(&config).await.is_ok());
    }

    #[tokio::test]
    async fn a_demo_and_real_people_stay_apart() {
        let (demo, real) = (Folder::new(), Folder::new());
        open_demo(&demo.config()).await.unwrap();
        open_demo(&demo.config()).await.unwrap();
        open_existing_demo(&demo.config()).await.unwrap();
        assert!(matches!(open_real(&demo.config()).await, Err(Fault::Installation(_))));
        open_real(&real.config()).await.unwrap();
        assert!(matches!(open_demo(&real.config()).await, Err(Fault::Installation(_))));
        assert!(matches!(open_existing_demo(&real.config()).await, Err(Fault::Installation(_))));
    }

    #[tokio::test]
    async fn a_first_start_that_was_cut_off_goes_on() {
        let folder = Folder::new();
        let config = folder.config();
        make_room(&config).unwrap();
        let cut_off = Keys::create(&config.key_file(), &Rng::system()).unwrap();
        assert_eq!(open(&config).await.unwrap().keys.newest_id(), cut_off.newest_id());
    }
}
