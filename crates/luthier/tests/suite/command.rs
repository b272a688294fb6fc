//! Help, completions and manual pages.

use std::fs;

use crate::server::Workspace;

#[test]
fn help_lists_the_commands_and_long_help_the_exit_codes() {
    let workspace = Workspace::bare();
    let short = workspace.run_in(workspace.outside(), &["-h"]);
    let long = workspace.run_in(workspace.outside(), &["--help"]);

    assert_eq!((short.exit, long.exit), (0, 0));
    insta::assert_snapshot!(short.stdout, @r"
    Serves Python tools over MCP and makes them better while they are used

    Usage: luthier [OPTIONS] <COMMAND>

    Commands:
      up           Serve every role behind one address
      dev          Serve the working tree, and each save of it at once
      serve        Serve some roles alone
      init         Make a new workspace
      release      Release what is committed: prove it, number it, tag it
      rollback     Go back to an earlier version, and withdraw the one that serves
      pin          Hold `active` at a version, or let it go
      pull         Bring releases home into the workspace's git
      history      List what happened to a lineage, newest first
      show         Show what a version is, where it came from and what proved it
      diff         Show what changed from one version to another
      lineage      List, open and close branches of evolution
      install      Tell an MCP client where the tools are
      call         Call a tool
      chat         Say what should be different, and have it made
      jobs         List what was asked for, newest first
      job          Show a job, answer it, decide about it
      feedback     Say how good a conversation was
      kpi          Show how live traffic does, and what its budgets say of that
      triggers     List what woke the Architect, newest first
      test         Run the cases of the workspace, and hold what comes of them against its budgets
      compat       Tell which number a change makes, and what decides
      sandbox      Try a module where nobody is trusted
      repair       Repair a Python file so that its tests pass, without a model
      mcp          Speak MCP on standard input and output, for a client that starts its servers
      status       Show what runs, and where the state stands
      doctor       Check what this machine and this workspace need, with a fix for each
      config       Read and change settings
      state        Read and change state documents
      versions     List, show and compare versions
      ledger       Read, prove, replay and copy the ledger
      completions  Print a shell's completions

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Everywhere:
          --json             Print one JSON object, also for a failure
          --workspace <DIR>  The workspace; else `LUTHIER_WORKSPACE`, else the nearest folder upward
                             with a `luthier.toml`
          --data <DIR>       The folder of the journal, the vault and the logs [default: .luthier in the
                             workspace]
      -v, --verbose...       Say more: -v for debug, -vv for everything
      -q, --quiet            Say nothing that was not asked for
          --color <WHEN>     When to colour; `auto` heeds `NO_COLOR` [default: auto] [possible values:
                             auto, always, never]
    ");
    let codes = long.stdout.split_once("Exit codes:").unwrap().1;
    insta::assert_snapshot!(codes.trim_end(), @r"
     0  done
     1  not done, for a reason that has no code of its own
     2  the command line or the configuration is wrong
     3  no such workspace, journal, version, lineage or object
     4  something stands in the way: a newer revision, a running server, a full folder
     5  the input breaks a rule: its syntax, its schema, its limits
     6  a resource is missing for now: disk space, a port, a permission, a lock
     7  stored data is not what it was: verification failed
     8  a version is not good enough: a case fails, or a budget is broken
     9  a change demands a greater number than was allowed
    70  a mistake in the program itself
    ");
}

#[test]
fn every_shell_gets_completions_and_every_command_a_page() {
    let workspace = Workspace::bare();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = workspace.run_in(workspace.outside(), &["completions", shell]);
        assert_eq!(said.exit, 0, "{said:?}");
        assert!(said.stdout.contains("luthier"), "{shell}");
    }

    let said = workspace.run_in(workspace.outside(), &["man", "pages"]);

    assert_eq!(said.exit, 0, "{said:?}");
    let page =
        fs::read_to_string(workspace.outside().join("pages/luthier-ledger-query.1")).unwrap();
    assert!(page.contains("newest"), "{page}");
}

#[test]
fn the_version_is_said() {
    let workspace = Workspace::bare();
    let short = workspace.run_in(workspace.outside(), &["-V"]);
    let long = workspace.run_in(workspace.outside(), &["--version"]);

    let first = concat!("luthier ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(short.stdout, first);
    let rest = long.stdout.strip_prefix(first).unwrap();
    let lines: Vec<_> = rest.lines().map(|line| line.split_at(10)).collect();
    let [
        ("commit    ", commit),
        ("target    ", target),
        ("features  ", features),
    ] = lines[..]
    else {
        panic!("{rest}")
    };
    let hash = commit.strip_suffix(" (working tree)").unwrap_or(commit);
    let is_known = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_known || commit == "not known", "{commit}");
    assert!(target.ends_with("-linux-gnu"), "{target}");
    assert_eq!(
        features,
        "journal: sqlite, nats; vault: folder, s3; sandbox: wasm, native; telemetry: otlp, prometheus"
    );
}
