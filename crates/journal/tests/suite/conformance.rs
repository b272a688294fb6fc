//! What every implementation of [`Journal`](journal::Journal) keeps to. A new one implements [`Store`] and lists the
//! same tests.

mod append;
mod read;
mod verify;

use std::sync::Arc;

use journal::OpenJournal;
use tokio::runtime::Handle;

use crate::{nats_server::NatsServer, support::Scratch};

/// A place where a journal is kept.
pub(crate) trait Store: Default {
    /// Opens it; opened again, it is the same journal through another handle.
    fn open(&self) -> Arc<dyn OpenJournal>;
}

impl Store for Scratch {
    fn open(&self) -> Arc<dyn OpenJournal> {
        Scratch::open(self)
    }
}

impl Store for NatsServer {
    fn open(&self) -> Arc<dyn OpenJournal> {
        tokio::task::block_in_place(|| Handle::current().block_on(self.journal()))
    }
}

macro_rules! tests_of {
    ($store:ty: $($group:ident::$test:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$group::$test(&<$store>::default()).await;
            }
        )*
    };
}

macro_rules! conforms {
    ($($name:ident: $store:ty,)*) => {
        $(
            mod $name {
                tests_of! { $store:
                append::the_first_of_a_subject_is_revision_one_and_the_next_two,
                append::facts_handed_in_together_keep_their_order_and_each_has_its_outcome,
                append::absent_is_refused_once_the_subject_is_there,
                append::a_stale_or_future_revision_is_a_conflict_that_carries_the_current_event,
                append::one_of_many_writers_with_the_same_revision_wins,
                append::the_same_key_counts_once_even_when_the_subject_moved_on,
                append::a_key_of_another_subject_is_refused_and_named,
                append::a_key_still_counts_once_after_reopening,
                append::a_key_with_a_stale_revision_answers_with_its_first_event,
                append::a_change_sees_its_subject_and_its_documents,
                append::a_change_that_refuses_or_panics_writes_nothing,
                append::an_event_that_is_too_large_is_refused_and_the_next_one_is_not,
                append::what_was_acknowledged_is_there_after_reopening,
                append::no_event_is_older_than_the_one_before_it,
                read::last_is_the_newest_of_its_subject,
                read::last_at_is_what_the_subject_was_then,
                read::subjects_are_listed_by_prefix_each_once_in_order,
                read::a_body_comes_back_byte_for_byte,
                read::every_filter_selects_what_it_says,
                read::filters_agree_with_what_a_watcher_would_be_shown,
                read::times_are_from_inclusive_to_exclusive,
                read::a_limit_is_capped_and_an_order_turned,
                read::a_key_is_found_and_an_unknown_one_is_not,
                read::newest_is_zero_when_nothing_is_there,
                verify::a_journal_that_is_whole_is_found_so_and_what_is_witnessed_is_told,
                verify::another_journal_than_was_witnessed_is_told_from_it,
                verify::an_empty_journal_is_whole,
                }
            }
        )*
    };
}

conforms! {
    sqlite: crate::support::Scratch,
    nats: crate::nats_server::NatsServer,
}
