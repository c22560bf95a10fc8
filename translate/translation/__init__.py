"""From transcripts to translations: model folders, routes between languages, and text that is committed for good."""

from translate.translation.engine import Hypothesis, TranslationEngine
from translate.translation.glossary import Glossary, read_glossary
from translate.translation.incremental import Draft, IncrementalTranslator, translate_text
from translate.translation.routes import Hop, Route, plan, reachable
from translate.translation.tokenizer import is_translation_folder

__all__ = [
    "Draft",
    "Glossary",
    "Hop",
    "Hypothesis",
    "IncrementalTranslator",
    "Route",
    "TranslationEngine",
    "is_translation_folder",
    "plan",
    "reachable",
    "read_glossary",
    "translate_text",
]
