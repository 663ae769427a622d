"""Only findings that we add count: they are compared before and after our changes."""

import json

from steps.lint import Finding, findings_in, new_findings

OLD = Finding("a.php", "Squiz.PHP.Eval", "Use of eval() is discouraged")
NEW = Finding("b.php", "Generic.PHP.Syntax", "PHP syntax error")


def test_findings_of_the_upstream_do_not_count() -> None:
    assert new_findings([OLD], [OLD]) == []
    assert new_findings([OLD, NEW], [OLD]) == []


def test_a_second_finding_of_the_same_kind_counts() -> None:
    assert new_findings([OLD], [OLD, NEW]) == [NEW]
    assert new_findings([OLD], [OLD, OLD]) == [OLD]
    assert str(NEW) == "b.php: PHP syntax error (Generic.PHP.Syntax)"


def test_a_finding_is_quoted_as_the_linter_means_it() -> None:
    text = 'Use of "eval()" is \\discouraged'
    message = {"message": text, "source": OLD.rule, "line": 3}
    report = {"totals": {}, "files": {'a "b".php': {"messages": [message]}}}
    assert findings_in(json.dumps(report)) == [Finding('a "b".php', OLD.rule, text)]
    assert findings_in('{"totals": {}, "files": []}') == []
