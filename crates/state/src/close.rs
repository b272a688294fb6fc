//! The end of a lineage: what it has stays, and nothing is added to it.

use journal::Head;
use model::{EventType, LineageName, NewEvent};
use serde_json::json;

use crate::{
    Author, Root, StateError, StateManager, Target,
    request::Asked,
    shared::{Halt, Shared},
};

impl StateManager {
    /// Ends `lineage`. Its versions are served on, and opening it again at its version takes it up.
    pub async fn close(&self, lineage: &LineageName, author: &Author) -> Result<Root, StateError> {
        if *lineage == LineageName::default() {
            return Err(StateError::MainCloses);
        }
        self.set_closed(lineage, true, author).await
    }

    /// Takes up a lineage that was ended.
    pub(crate) async fn reopen(
        &self,
        lineage: &LineageName,
        author: &Author,
    ) -> Result<Root, StateError> {
        self.set_closed(lineage, false, author).await
    }

    async fn set_closed(
        &self,
        lineage: &LineageName,
        is_closed: bool,
        author: &Author,
    ) -> Result<Root, StateError> {
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.closed(head, is_closed, by)
        };
        let asked = Asked::Close(is_closed);
        self.swap(lineage, Target::Active, author, &asked, make)
            .await?;
        self.root(lineage).await
    }
}

impl Shared {
    fn closed(
        &self,
        head: &mut dyn Head,
        is_closed: bool,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = self.root_now(head)?;
        if root.is_closed == is_closed {
            return Err(Halt::Unchanged);
        }
        let data = json!({
            "change": Asked::close_name(is_closed),
            "target": "lineage",
            "previous": root.is_closed,
            "new": is_closed,
            "reversible": true,
        });
        root.is_closed = is_closed;
        Ok(self.event(EventType::STATE_CHANGE, data, &root, author))
    }
}
