"""The guard, before FiftyOne's real server, a real dataset and real files."""

import http.client
import json
from urllib.parse import quote

import pytest

from tests.app.conftest import SECRET

READERS = [
    "/media?filepath={file}",
    "/plugins/{file}",
    "/assets/{file}",
    "/datasets/{file}",
    "/screenshot/{file}",
    "/runtime-assets/models/sam2/{file}",
    "/{file}",
]
"""Every route of FiftyOne's that reads files, or looks as if it did."""


def get(call, path, file, **options):
    return call(path.format(file=quote(str(file), safe="/")), **options)


def is_refusal(answer):
    """403 or 404, and no byte of anything; the second body is Starlette's."""
    return answer.status in (403, 404) and answer.body in (b"", b"Not Found")


def image(call, path, **options):
    return call(f"/media?filepath={quote(str(path))}", **options)


# Who may come in.


@pytest.mark.parametrize("path", ["/", "/fiftyone", "/graphql", "/operators", *READERS])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_nothing_is_told_without_the_token(call, files, path, method):
    file = path.format(file=files.samples[0])
    assert is_refusal(call.raw(file, method=method))


@pytest.mark.parametrize(
    "token", ["", "x", "{token}x", "{short}", "{token}%00", "%E9", "undefined", "../{token}"]
)
def test_a_wrong_token_is_none(call, server, token):
    sent = token.format(token=server.token, short=server.token[:-1])
    assert is_refusal(call.raw(f"/t/{sent}/fiftyone"))
    assert is_refusal(call.raw("/fiftyone", headers=[("X-Workbench-Token", sent)]))


def test_two_tokens_are_none(call, server):
    headers = [("X-Workbench-Token", server.token), ("X-Workbench-Token", server.token)]
    assert is_refusal(call.raw("/fiftyone", headers=headers))


def test_the_token_opens_by_path_and_by_header(call, server):
    assert "version" in call("/fiftyone").json()
    assert "version" in call.raw("/fiftyone", headers=[("X-Workbench-Token", server.token)]).json()


def test_the_token_needs_its_slash(call):
    assert is_refusal(call.raw(call.prefix))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_loopback_names_are_ours(call, name):
    host = f"{name}:{call.port}"
    answer = call("/fiftyone", hosts=[host], headers=[("Origin", f"http://{host}")])
    assert answer.status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["evil.example"],
        ["evil.example:{port}"],
        ["localhost"],
        ["localhost:1"],
        ["localhost.evil.example:{port}"],
        ["127.0.0.1:{port}", "127.0.0.1:{port}"],
    ],
)
def test_a_foreign_host_is_refused(call, hosts):
    answer = call("/fiftyone", hosts=[host.format(port=call.port) for host in hosts])
    # Without exactly one Host, the HTTP server itself may refuse first.
    assert is_refusal(answer) or (len(hosts) != 1 and answer.status == 400)


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", "http://localhost", "http://localhost:8888", "file://", ""],
)
def test_a_foreign_origin_is_refused(call, files, origin):
    headers = [("Origin", origin)]
    assert is_refusal(call("/fiftyone", headers=headers))
    assert is_refusal(image(call, files.samples[0], headers=headers))


# Which files are served.


def test_a_samples_file_is_served_as_it_is(call, files):
    answer = image(call, files.samples[3])
    assert answer.status == 200
    assert answer.body == files.samples[3].read_bytes()
    assert answer.headers["content-type"] == "image/png"


def test_a_part_of_a_file_is_served(call, files):
    answer = image(call, files.samples[3], headers=[("Range", "bytes=1-3")])
    assert (answer.status, answer.body) == (206, b"PNG")


def test_a_sample_may_be_a_link_whose_target_is_not_served(call, files):
    assert image(call, files.link).body == files.target.read_bytes()
    assert is_refusal(image(call, files.target))


@pytest.mark.parametrize("kind", ["mask", "thumbnail"])
def test_masks_and_thumbnails_are_served(call, files, kind):
    path = getattr(files, kind)
    assert image(call, path).body == path.read_bytes()


def test_a_file_is_no_longer_served_once_its_sample_is_gone(call, dataset, files):
    import fiftyone as fo

    from workbench.app.media import StoredMedia

    passing = fo.Dataset()
    passing.add_sample(fo.Sample(filepath=str(files.neighbour)))
    assert StoredMedia()(str(files.neighbour))
    passing.delete()
    assert not StoredMedia()(str(files.neighbour))
    assert is_refusal(image(call, files.neighbour))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["/etc/passwd", "outside", "neighbour"])
def test_no_other_file_is_served_by_any_route(call, files, reader, name):
    file = getattr(files, name, name)
    answer = get(call, reader, file)
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "climb", ["../", "%2e%2e/", "..%2f", "%2e%2e%2f", "%252e%252e%252f", "..%5c", "....//", ".%2e/"]
)
@pytest.mark.parametrize("start", ["/", "/assets/", "/plugins/", "/datasets/", "/media/"])
def test_climbing_out_is_refused(call, climb, start):
    answer = call(f"{start}{climb * 12}etc/passwd")
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?filepath",
        "?filepath=",
        "?filepath={secret}",
        "?filepath={sample}&filepath={secret}",
        "?filepath={secret}&filepath={sample}",
        "?filepath={sample}%00{secret}",
        "?filepath={sample}%00",
        "?filepath={sample}/../{sample_name}",
        "?filepath={folder}/../{folder_name}/{sample_name}",
        "?filepath={folder}//{sample_name}",
        "?filepath={folder}/./{sample_name}",
        "?filepath={folder}",
        "?filepath=file://{sample}",
        "?filepath={sample}%0a",
        "?FILEPATH={sample}",
        "?filepath%5B%24ne%5D=x",
        "?filepath[$ne]=x",
        ";filepath={sample}",
    ],
)
def test_only_the_exact_path_is_stored(call, files, query):
    sample = files.samples[0]
    answer = call(
        "/media"
        + query.format(
            secret=files.outside,
            sample=sample,
            sample_name=sample.name,
            folder=sample.parent,
            folder_name=sample.parent.name,
        )
    )
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "path", ["/media%0A", "/media%0D", "/media/", "//media", "/./media", "/media%00", "/%6dedia"]
)
def test_no_other_spelling_of_the_route_goes_past_the_guard(call, files, path):
    answer = get(call, path + "?filepath={file}", files.outside)
    assert is_refusal(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "DELETE"])
def test_media_is_only_read(call, files, method):
    assert is_refusal(image(call, files.samples[0], method=method))


def test_a_plugins_sources_stay_closed(call, user_plugins):
    for name in (".env", "main.py", "index.umd.js"):
        (user_plugins / name).write_bytes(SECRET)
    assert call("/plugins/index.umd.js").body == SECRET
    assert is_refusal(call("/plugins/.env"))
    assert is_refusal(call("/plugins/main.py"))


# What the App needs to work.


def test_the_app_loads(call):
    page = call("/")
    assert page.status == 200
    assert b"<html" in page.body
    assert call("/datasets/app-tests").body == page.body


def test_the_app_may_ask_the_database(call, dataset):
    query = {"query": "query { version estimatedDatasetCount }"}
    origin = [("Origin", f"http://127.0.0.1:{call.port}")]
    answer = call("/graphql", method="POST", data=query, headers=origin)
    assert answer.json()["data"]["estimatedDatasetCount"] >= 1


def test_events_arrive_while_their_stream_is_open(call, app):
    request = {
        "initializer": {"dataset": None},
        "events": ["state_update"],
        "subscription": "a-page",
    }
    connection = http.client.HTTPConnection("127.0.0.1", call.port, timeout=120)
    response = call.send(connection, f"{call.prefix}/events", "POST", request)
    assert response.status == 200
    assert response.readline().strip() == b"event: state_update"
    state = json.loads(response.readline().split(b":", 1)[1])["state"]
    assert state["dataset"] == "app-tests"
    connection.close()


# What its answers carry.


def test_every_answer_carries_the_policy(call):
    for answer in (call("/"), call("/fiftyone"), call("/nowhere"), call.raw("/")):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "cross-origin-opener-policy" not in answer.headers


def test_a_stored_file_cannot_run_as_part_of_the_app(call, files):
    assert "sandbox" in image(call, files.samples[0]).headers["content-security-policy"]


def test_only_a_trusted_page_may_frame_the_app(call, server):
    def frames():
        return call("/").headers["content-security-policy"].rsplit("frame-ancestors ", 1)[1]

    assert "8888" not in frames()
    server.trust("http://localhost:8888")
    assert "http://localhost:8888" in frames().split()
    # It may hold the App in a frame, and still not ask in the App's name.
    assert is_refusal(call("/fiftyone", headers=[("Origin", "http://localhost:8888")]))
    assert is_refusal(call("/fiftyone", hosts=["localhost:8888"]))


@pytest.mark.parametrize(
    "origin",
    ["", "null", "*", "https:", "javascript:alert(1)", "http://a b", "http://a; script-src *"],
)
def test_what_is_no_origin_is_never_trusted(call, server, origin):
    before = call("/").headers["content-security-policy"]
    server.trust(origin)
    assert call("/").headers["content-security-policy"] == before


def test_a_page_elsewhere_reaches_the_app_through_its_own_server(call, server):
    proxied = {"hosts": ["hub.example"], "headers": [("Origin", "https://hub.example")]}
    assert is_refusal(call("/fiftyone", **proxied))
    server.trust("https://hub.example")
    assert call("/fiftyone", **proxied).status == 200
    assert is_refusal(call.raw("/fiftyone", **proxied))


def test_an_error_keeps_its_traceback_to_itself(call):
    answer = call("/values", method="POST", data={"dataset": "no-such-dataset", "path": "x"})
    assert answer.status == 500
    assert answer.json()["kind"] == "Server Error"
    assert b"Traceback" not in answer.body
    assert b".py" not in answer.body


def test_an_unknown_path_does_not_lead_out_of_the_token(call):
    answer = call("/no/such/path")
    assert is_refusal(answer)
    assert "location" not in answer.headers


def test_alive_tells_a_page_only_that(call):
    answer = call("/alive")
    assert (answer.status, answer.body) == (204, b"")
    assert is_refusal(call.raw("/alive"))


def test_web_sockets_are_refused(call):
    upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ]
    assert call("/events", headers=upgrade).status == 403
