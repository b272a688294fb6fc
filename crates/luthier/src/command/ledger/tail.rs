//! `ledger tail`

use clap::Args;
use journal::Order;
use model::Event;

use super::{FilterArgs, line_of};
use crate::{
    failure::Failure,
    session::{Opened, Session},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Begin with this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Go on as events are committed
    #[arg(long, short)]
    follow: bool,
}

/// One event a line: with `--json` each line is an object, as the stream has no end.
pub(super) async fn run(session: &Session, opened: &Opened, args: TailArgs) -> Result<(), Failure> {
    let newest = opened.journal.newest().await?;
    let query = args.filter.query(args.lines, Order::NewestFirst);
    let mut first = query.clone();
    first.until = newest;
    let mut events = opened.journal.read(first).await?;
    events.reverse();
    for event in &events {
        show(session, event)?;
    }
    if !args.follow {
        return Ok(());
    }
    let mut watch = opened.journal.clone().watch(newest.max(query.after), query);
    while let Some(event) = watch.next_event().await? {
        show(session, &event)?;
    }
    Ok(())
}

fn show(session: &Session, event: &Event) -> Result<(), Failure> {
    if session.output.is_json {
        session.output.text(&event.to_json_line())
    } else {
        session.output.text(&line_of(event))
    }
}
