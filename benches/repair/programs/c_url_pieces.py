"""Take the addresses of an internal web tool apart and build them again."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80}


def parse_query(text):
    """Return {name: [values]}; a name without '=' has the value ''."""
    result = {}
    for pair in text.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        result.setdefault(name, []).append(value.replace("+", " "))
    return result


def normal_path(path):
    """Drop empty and '.' steps and let '..' remove the step before it."""
    steps = []
    for step in path.split("/"):
        if step == "..":
            if steps:
                steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    tail = "/" if steps and path.endswith("/") else ""
    return "/" + "/".join(steps) + tail


def split_url(url):
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise ValueError("no known scheme: " + url)
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    host, _, port = host.lower().partition(":")
    if not host:
        raise ValueError("no host: " + url)
    return {
        "scheme": scheme,
        "host": host,
        "port": int(port) if port else DEFAULT_PORTS[scheme],
        "path": normal_path(slash + path),
        "query": parse_query(query),
        "fragment": fragment,
    }


def canonical(url):
    """Shortest form: default port, fragment and empty query removed, names sorted."""
    parts = split_url(url)
    port = "" if parts["port"] == DEFAULT_PORTS[parts["scheme"]] else f":{parts['port']}"
    pairs = [f"{n}={v}" for n, values in sorted(parts["query"].items()) for v in values]
    query = "?" + "&".join(pairs).replace(" ", "+") if pairs else ""
    return f"{parts['scheme']}://{parts['host']}{port}{parts['path']}{query}"
