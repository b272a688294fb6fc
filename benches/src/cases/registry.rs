//! The cases of the registry of versions.

use std::{fs, time::Duration};

use anyhow::Result;

use super::Bench;
use crate::{
    registry::Lab,
    table::{OWN, Row},
};

const TAGS_MANY: usize = 10_000;
const TAGS_FEW: usize = 100;

const COLD_CASE: &str = "versions: read 10,000 tags";
const GIT: &str = "git for-each-ref";

impl Bench {
    pub(super) async fn measure_registry(&mut self) -> Result<()> {
        if !self.wants("versions", OWN) {
            return Ok(());
        }
        let (few, many) = (self.new_folder()?, self.new_folder()?);
        match (Lab::create(&few, TAGS_FEW), Lab::create(&many, TAGS_MANY)) {
            (Ok(few), Ok(many)) => self.measure_versions(&few, &many).await?,
            (Err(why), _) | (_, Err(why)) => {
                self.rows.push(Row::not_available(COLD_CASE, OWN, &why));
            }
        }
        fs::remove_dir_all(few)?;
        Ok(fs::remove_dir_all(many)?)
    }

    async fn measure_versions(&mut self, few: &Lab, many: &Lab) -> Result<()> {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        let (own, git) = many.cold().await?;
        self.rows.extend([
            Row::once(COLD_CASE, GIT, milliseconds(git), "ms"),
            Row::once(COLD_CASE, OWN, milliseconds(own), "ms"),
        ]);
        for (tags, lab) in [(TAGS_FEW, few), (TAGS_MANY, many)] {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let kibibytes = lab.memory().await? as f64 / 1024.0;
            let case = format!("versions: memory of {tags}");
            self.rows.push(Row::once(&case, OWN, kibibytes, "KiB"));
            let page = |random: usize| format!("/versions?offset={}", random % tags);
            let range = |random: usize| {
                let start = random % tags;
                format!("/versions?range=%3E%3D0.0.{start}&since=2026-01-03T00:00:00Z")
            };
            let one = |random: usize| format!("/versions/0.0.{}", random % tags);
            let asked: [(&str, &dyn Fn(usize) -> String); 3] = [
                ("a page", &page),
                ("a filtered page", &range),
                ("one", &one),
            ];
            for (what, path) in asked {
                let case = format!("versions: {what} of {tags}");
                let measured = lab.ask(self.duration, path).await;
                self.keep(&case, OWN, 1, measured);
            }
        }
        Ok(())
    }
}
