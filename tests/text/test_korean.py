"""The Korean of the catalogue: one word for one thing, and particles that fit whatever stands before them."""

import re

import pytest

from rowwise.text import catalogue

KOREAN = {key: message["ko"] for key, message in catalogue().items()}
# What is said, and what is not said beside it: the glossary of CONTRIBUTING.md.
ONE_WORD = {
    "목표": "타깃|타겟",
    "빠진 값": "결측",
    "레이블": "라벨",
    "그림": "이미지",
    "지표": "측정값|메트릭",
    "학습 결과": "런|실행 폴더|실행이 (교체|바뀌)|서비스할 실행",
    "임곗값": "임계값|역치",
    "예/아니요": "아니오",
}
# Values that always end alike, so that the particle behind them is right: code, counters, percents.
FIXED = {"has", "dense", "sparse", "rows", "loss", "usual", "sign", "features", "kind"}
PARTICLE = re.compile(r"\{(\w+)\}[\"'”]?(?:이|가|은|는|을|를|과|와|로|으로|이라|라|이나|나)(?=[\s,.)]|$)")


@pytest.mark.parametrize("word", ONE_WORD)
def test_one_word_stands_for_one_thing(word):
    others = re.compile(rf"(?<![가-힣])(?:{ONE_WORD[word]})")
    own = ("studio.", "question.") if word == "그림" else ()  # where 그림 is the drawing of a network
    assert {key: text for key, text in KOREAN.items() if not key.startswith(own) and others.search(text)} == {}
    assert any(word in text for text in KOREAN.values())


def test_no_particle_follows_a_value_that_may_end_in_anything():
    bare = {key: found for key, text in KOREAN.items() if (found := set(PARTICLE.findall(text)) - FIXED)}
    assert bare == {}
