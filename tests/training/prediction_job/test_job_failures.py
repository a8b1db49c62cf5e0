"""What goes wrong between the job and the model: nothing wrong is ever stored."""

import json
import time

import pytest
from job_stand_ins import KEY, by_scorer, edits, says
from werkzeug.wrappers import Response

from training.prediction_job.errors import CallFailed, TryLater

QUICK = "retry: {budget_s: 20, first_pause_s: 0.01, longest_pause_s: 0.02, timeout_s: 2}\n"
AT_ONCE = "retry: {budget_s: 0, timeout_s: 1}\n"

#: What css-mini's gateway makes of an error of SageMaker's.
HIDDEN = {
    "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
    "Message": "Received client error (400) from primary",
    "OriginalStatusCode": 400,
    "OriginalMessage": "{}",
}


def cut(_, real):
    whole = real().get_data()
    answer = Response(iter([whole[: len(whole) // 2]]))
    answer.headers["Content-Length"] = str(len(whole))
    return answer


def sets(**values):
    return edits(lambda document: document["predictions"][1].update(values))


BROKEN = [
    (edits(lambda d: d["predictions"][1].pop("global_score")), "missing in 1 of 5", "missing key"),
    (edits(lambda d: d["predictions"].pop(1)), "4 predictions for 5", "too short"),
    (edits(lambda d: d["predictions"].append({})), "6 predictions for 5", "too long"),
    (edits(lambda d: d.update(predictions={})), "no list of predictions", "no list"),
    (edits(lambda d: d["predictions"].__setitem__(1, 7)), "missing in 1 of 5", "no object"),
    (sets(global_score="7"), "global_score is no Number", "a number as text"),
    (sets(global_score=True), "global_score is no Number", "true"),
    (sets(global_score=float("nan")), "not JSON", "NaN"),
    (sets(last_modified=5), "last_modified is no Text", "a text as number"),
    (says(200, json.dumps(HIDDEN)), "error instead of predictions", "css-mini's 200"),
    (says(200, '{"predictions":[{"a":1e999}]}'), "1 predictions for 5", "another answer"),
    (says(200, '{"predictions":[],"predictions":[]}'), "not JSON", "a key twice"),
    (says(200, "<html>hello</html>"), "not JSON", "a page"),
    (says(200, ""), "not JSON", "nothing"),
    (says(200, "[]"), "no object", "a list"),
    (says(200, "[" * 50_000), "not JSON", "too deep"),
    (says(200, " " * 200_000), "more than 98304 bytes", "endless"),
    (cut, "does not answer", "cut off"),
    (says(500, "{}"), "status 500", "broken"),
    (says(429, "{}"), "status 429", "too many requests"),
    (says(424, json.dumps({**HIDDEN, "OriginalStatusCode": 503})), "status 503", "SageMaker's"),
    (says(204, ""), "status 204", "no content"),
]


#: The least that must never be stored; the others run in `make test-ci`.
_ALWAYS = {"missing key", "too short", "css-mini's 200", "NaN", "cut off"}


@pytest.mark.parametrize(
    ("fault", "told", "why"),
    [
        pytest.param(*case, id=case[2], marks=[] if case[2] in _ALWAYS else pytest.mark.slow)
        for case in BROKEN
    ],
)
def test_a_batch_without_a_whole_answer_fails_loudly_and_is_sent_again(
    jobs, model, scorer, caplog, fault, told, why
):
    jobs.put_all(5)
    model.always = fault

    with pytest.raises(TryLater, match=told):
        jobs.run(AT_ONCE)

    assert jobs.ask("SELECT * FROM scores") == jobs.ask("SELECT * FROM scores_history") == []
    assert "nothing of it was stored" in caplog.text
    [(state, reason)] = jobs.ask("SELECT state, reason FROM runs")
    assert (state, told in reason) == ("Failed", True)

    model.always, model.faults = None, [fault]
    assert jobs.run(QUICK).scored == 5

    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)
    assert jobs.ask("SELECT count(*) FROM scores_history") == [(5,)]
    assert len(model.posts) == 3


def test_a_gateway_that_is_not_there_is_waited_for(jobs, model):
    jobs.put_all(2)
    url, jobs.url = jobs.url, "http://127.0.0.1:9/invocations"

    with pytest.raises(TryLater, match="the gateway does not answer"):
        jobs.run(AT_ONCE)

    jobs.url = url
    assert jobs.run().scored == 2


def test_what_a_server_asks_to_wait_is_waited(jobs, model):
    jobs.put_all(2)
    model.faults.append(says(503, "{}", Retry_After="1"))
    started = time.monotonic()

    jobs.run(QUICK)

    assert time.monotonic() - started >= 1
    assert len(model.posts) == 2


def test_a_server_that_asks_to_wait_beyond_the_budget_fails_the_run_at_once(jobs, model):
    jobs.put_all(2)
    model.always = says(429, "{}", Retry_After="3600")
    started = time.monotonic()

    with pytest.raises(TryLater):
        jobs.run(QUICK)

    assert time.monotonic() - started < 10
    assert len(model.posts) == 1


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, '{"message":"Forbidden"}', "refuses the key or the path"),
        (401, '{"message":"Unauthorized"}', "refuses the key or the path"),
        (404, "", "the model refuses the whole batch"),
        (307, "", "the model refuses the whole batch"),
        (400, '{"message":"90% of bots are outside 0 to 9"}', "90% of bots are outside 0 to 9"),
        (400, '{"errors":[{"path":"/instances/77"}]}', "refuses the whole batch"),
        (424, json.dumps(HIDDEN), "status 400"),
    ],
)
def test_what_somebody_has_to_mend_is_asked_once(jobs, model, status, body, told):
    jobs.put_all(5)
    model.always = says(status, body, Location="http://127.0.0.1:9/")

    with pytest.raises(CallFailed, match=told) as failed:
        jobs.run(QUICK)

    # A refusal of a whole batch is not got round by asking for its accounts one by one.
    assert len(model.posts) == 1
    assert KEY not in str(failed.value)
    assert jobs.ask("SELECT count(*) FROM changed") == [(5,)]


def refuses_bots_of_13(request, _):
    instances = json.loads(request.get_data())["instances"]
    bad = [at for at, each in enumerate(instances) if each["features"][3] == 13]
    errors = [{"path": f"/instances/{at}/features/3", "reason": "unlucky"} for at in bad]
    if not bad:
        return None
    return says(400, json.dumps({"message": "bad rows", "errors": errors[:1]}))(None, None)


def test_accounts_that_the_model_refuses_by_name_do_not_stop_the_others(jobs, model, scorer):
    ids = jobs.put_all(20)
    jobs.run()
    bad = {ids[3]: {"bots": 13}, ids[7]: {"bots": 13}}
    jobs.put("usage_metrics", {**bad, ids[9]: {}}, file="more.csv", updated="2026-02-01")
    model.always = refuses_bots_of_13

    sent = jobs.run()

    assert (sent.scored, sent.refused) == (1, 2)
    stored, right = jobs.stored(jobs.read()), by_scorer(scorer, jobs)
    for account in ids:
        assert stored[account] == (right[account] if account not in bad else (None,) * 17)
    told = jobs.ask("SELECT acct_id, reason FROM scores WHERE status = 'Error' ORDER BY 1")
    assert told == [(ids[3], "unlucky"), (ids[7], "unlucky")]

    model.posts.clear()
    assert jobs.run().scored == 0  # not asked again before they change
    assert not model.posts


def test_a_batch_that_is_too_large_is_halved(jobs, model, scorer):
    jobs.put_all(20)

    def at_most_six(request, _):
        many = len(json.loads(request.get_data())["instances"]) > 6
        return says(413, "{}")(None, None) if many else None

    model.always = at_most_six

    assert jobs.run().scored == 20
    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)


def test_an_account_that_the_model_could_not_read_is_an_error(jobs, model):
    jobs.put_all(3)
    model.always = edits(
        lambda d: d["predictions"].__setitem__(1, dict.fromkeys(d["predictions"][1]))
    )

    sent = jobs.run()

    assert (sent.scored, sent.refused) == (2, 1)
    [(account, reason)] = jobs.ask("SELECT acct_id, reason FROM scores WHERE status = 'Error'")
    assert (account, "every output is null" in reason) == ("a0001", True)


def test_batches_before_one_that_fails_are_kept(jobs, model, scorer):
    jobs.put_all(20)
    model.faults = [lambda *_: None, says(404, "")]

    with pytest.raises(CallFailed):
        jobs.run("batch: {rows: 10, in_flight: 1}\n")

    assert jobs.ask("SELECT count(*) FROM scores") == [(10,)]
    assert jobs.run().scored == 10
    assert jobs.stored(jobs.read()) == by_scorer(scorer, jobs)
