"""Only what we add counts: findings are compared before and after."""

from steps.lint import Finding, added

OLD = Finding("a.php", "Squiz.PHP.Eval", "Use of eval() is discouraged")
NEW = Finding("b.php", "Generic.PHP.Syntax", "PHP syntax error")


def test_findings_of_the_upstream_are_its_own_affair() -> None:
    assert added([OLD], [OLD]) == []
    assert added([OLD, NEW], [OLD]) == []


def test_a_finding_that_we_add_counts_even_beside_the_same_one() -> None:
    assert added([OLD], [OLD, NEW]) == [NEW]
    assert added([OLD], [OLD, OLD]) == [OLD]
    assert str(NEW) == "b.php: PHP syntax error (Generic.PHP.Syntax)"
