"""The pages' types are made from a committed document: it must be the one that the api serves."""

from tests.web.document import FILE, document, written


def test_the_committed_document_is_the_one_served() -> None:
    assert FILE.read_text() == written(document()), "make it anew: python -m tests.web.document"
