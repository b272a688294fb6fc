//! Whether a server keeps what it promises about conditional writes. Some that speak S3 let two
//! writers win, and then nothing that several processes decide by an object holds.

use std::sync::Arc;

use tokio::{sync::Barrier, task::JoinSet};
use uuid::Uuid;

use super::{Bucket, Condition, Patience, Write, Written};
use crate::{Key, VaultError};

/// Writers of the race.
pub const WRITERS: usize = 32;

/// What a race for one object showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// Of all writers one won, with each kind of condition.
    Honoured,
    /// This many were told that they won.
    Broken { winners: usize },
}

pub(super) async fn run(bucket: &Arc<Bucket>) -> Result<Conditions, VaultError> {
    let key: Key = format!("doctor/{}", Uuid::now_v7())
        .parse()
        .expect("hex digits are a part of a key");
    let outcome = race_twice(bucket, &key).await;
    let deleted = bucket.delete(&key).await;
    let outcome = outcome?;
    deleted?;
    Ok(outcome)
}

async fn race_twice(bucket: &Arc<Bucket>, key: &Key) -> Result<Conditions, VaultError> {
    let winners = race(bucket, key, &Condition::Absent).await?;
    if winners != 1 {
        return Ok(Conditions::Broken { winners });
    }
    let etag = bucket.get(key).await?.map(|found| found.etag);
    let winners = race(bucket, key, &Condition::Is(etag.unwrap_or_default())).await?;
    Ok(match winners {
        1 => Conditions::Honoured,
        winners => Conditions::Broken { winners },
    })
}

async fn race(bucket: &Arc<Bucket>, key: &Key, condition: &Condition) -> Result<usize, VaultError> {
    // The bytes of no two races are the same: who wrote what was there before would leave the ETag as
    // it was, and the next writer would win too.
    let race = Uuid::now_v7();
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (bucket, start, condition) = (bucket.clone(), start.clone(), condition.clone());
        let write = Write::of_bytes(key, format!("writer {writer} of {race}").as_bytes());
        writers.spawn(async move {
            start.wait().await;
            has_won(&bucket, &write, condition).await
        });
    }
    let mut winners = 0;
    while let Some(ended) = writers.join_next().await {
        winners += usize::from(ended.expect("no writer is stopped")?);
    }
    Ok(winners)
}

async fn has_won(bucket: &Bucket, write: &Write, condition: Condition) -> Result<bool, VaultError> {
    let failed = |trouble| bucket.error("put", &write.key, trouble);
    let mut patience = Patience::new(&bucket.limits, 0);
    loop {
        match bucket
            .write(write, condition.clone())
            .await
            .map_err(failed)?
        {
            Written::Done => return Ok(true),
            Written::Lost => return Ok(false),
            Written::Conflict => {
                let rested = bucket.rest(&mut patience, "others were writing it".into());
                rested.await.map_err(failed)?;
            }
        }
    }
}
