"""What counts as the same words, and above all what does not."""

from __future__ import annotations

import pytest

from tasks.tts.openai.verbatim import says_the_same

LONG = (
    "Veðurstofan spáir hvassviðri á sunnanverðu landinu síðdegis og fram eftir kvöldi, en norðanlands verður hægari "
    "vindur og bjart með köflum fram á nótt."
)


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ("Góðan daginn, þetta er prufa.", "góðan daginn þetta er prufa"),
        ("„Já,“ sagði hún – lágt.", '"Já", sagði hún, lágt!'),
        ("Go\u0301ðan dag", "Góðan dag"),
        ("hljóð og mynd blandast", "hljóð-og mynd, blandast"),
        ("fjarskiptafyrirtæki", "fjarskipta fyrirtæki"),
        ("Það voru tuttugu og fimm manns þar.", "Það voru 25 manns þar."),
        (LONG, LONG.replace("hvassviðri", "hvasviðri")),
        (LONG, LONG.replace("landinu", "landinnu")),
        (LONG, LONG.replace("vindur", "vindir")),
    ],
)
def test_the_same_words_are_the_same(told, heard):
    assert says_the_same(told, heard, "is")


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ("Hann kemur ekki í dag.", "Hann kemur í dag."),
        ("Bókin er á borðinu.", "Bókin er í borðinu."),
        ("Þetta er mögulegt.", "Þetta er ómögulegt."),
        ("Kona gekk inn.", "Koma gekk inn."),
        ("Hvað heitir þú?", "Ég heiti Marin."),
        ("Já.", "Já, ég get lesið þetta: Já."),
        ("Góðan daginn.", ""),
        ("Góðan daginn.", "…"),
        ("ríkisstjórnin féll", "ríkistjórnin féll"),
        (LONG, LONG.replace("hvassviðri", "hvasviðri").replace("vindur", "vindir")),
        (LONG, LONG.replace("hægari", "hægur")),
        (LONG, LONG.removesuffix(" fram á nótt.")),
        (LONG, LONG + " Takk fyrir."),
        (LONG, LONG.replace("norðanlands", "sunnanlands")),
        (LONG, LONG.replace("sunnanverðu", "suunnnverðu")),
        ("Það voru tuttugu og fimm manns þar.", "Það voru 26 manns þar."),
    ],
)
def test_other_words_are_others(told, heard):
    assert not says_the_same(told, heard, "is")
