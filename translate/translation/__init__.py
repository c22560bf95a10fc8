"""From transcripts to translations: model folders, routes between languages, and text that is committed for good."""

from translate.translation.engine import Hypothesis, TranslationEngine
from translate.translation.incremental import Draft, IncrementalTranslator, Mode
from translate.translation.routes import Hop, Route, plan, reachable
from translate.translation.tokenizer import is_translation_folder

__all__ = [
    "Draft",
    "Hop",
    "Hypothesis",
    "IncrementalTranslator",
    "Mode",
    "Route",
    "TranslationEngine",
    "is_translation_folder",
    "plan",
    "reachable",
]
