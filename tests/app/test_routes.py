"""FiftyOne's routes, as the guard's rules were written for them.

A failure here means that FiftyOne has changed what it serves: read the new route, decide in
`workbench/app/guard.py` whether it may be asked for, and add it below.
"""

DATABASE = {
    "/aggregate",
    "/dataset/{dataset_id}/groups/{group_id}",
    "/dataset/{dataset_id}/groups/{group_id}/slices/{slice}",
    "/dataset/{dataset_id}/sample/{sample_id}",
    "/dataset/{dataset_id}/sample/{sample_id}/group/intrinsics",
    "/dataset/{dataset_id}/sample/{sample_id}/group/static_transforms",
    "/dataset/{dataset_id}/sample/{sample_id}/intrinsics",
    "/dataset/{dataset_id}/sample/{sample_id}/static_transforms",
    "/dataset/{dataset_id}/sample/{sample_id}/tags",
    "/dataset/{dataset_id}/sample/{sample_id}/tags/{tag_id}",
    "/dataset/{dataset_id}/sample/{sample_id}/{field_path}/{field_id}",
    "/dataset/{dataset_id}/tags",
    "/dataset/{dataset_id}/tags/counts",
    "/embeddings/color-by-choices",
    "/embeddings/extended-stage",
    "/embeddings/plot",
    "/embeddings/selection",
    "/embeddings/v2/color",
    "/embeddings/v2/geometry",
    "/embeddings/v2/ids",
    "/embeddings/v2/lasso-stage",
    "/embeddings/v2/masks",
    "/embeddings/v2/run-info",
    "/embeddings/v2/runs-status",
    "/embeddings/v2/sample-info",
    "/frames",
    "/geo",
    "/get-similar-labels-frames",
    "/graphql",  # reads the size of stored media, and returns nothing else of a file
    "/ontologies",
    "/ontologies/{name}/attributes",
    "/ontologies/{name}/taxonomy",
    "/sort",
    "/tag",
    "/tagging",
    "/values",
    "/video-labels/index",
    "/video-labels/window",
}
SESSION = {"/event", "/events", "/features", "/fiftyone"}
OPERATORS = {  # these run code, with the kernel's rights: the token is what they ask for
    "/operators",
    "/operators/execute",
    "/operators/execute/generator",
    "/operators/resolve-execution-options",
    "/operators/resolve-placements",
    "/operators/resolve-type",
    "/operators/subscribe-execution-store",
}
FILES = {"/media", "/plugins", ""}  # "" is the App's own pages
CLOSED = {
    "/dataset/{dataset_id}/sample/{sample_id}/commit-mask",
    "/runtime-assets/models/{family}/{model_id:path}",
    "/screenshot/{img:str}",
}


def test_every_route_of_fiftyone_has_been_reviewed(server):
    from fiftyone.server.app import app

    found = {route.path for route in app.routes}
    assert found == DATABASE | SESSION | OPERATORS | FILES | CLOSED


def test_what_is_closed_is_closed_for_a_caller_with_the_token(call, dataset):
    sample = dataset.first()
    closed = [
        f"/dataset/{dataset._doc.id}/sample/{sample.id}/commit-mask",
        "/runtime-assets/models/sam2/model.onnx",
        "/screenshot/x.html?proxy=<script>",
    ]
    assert len(closed) == len(CLOSED)
    for path in closed:
        for method in ("GET", "POST"):
            answer = call(path, method=method, data={})
            assert (answer.status, answer.body) == (404, b""), path
