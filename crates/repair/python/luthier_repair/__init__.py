"""Runs many candidates of one program against its tests. Started by the engine, which speaks lines of JSON."""
