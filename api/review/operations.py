"""What the documentation says of the review calls beyond what Litestar infers."""

from dataclasses import dataclass

from litestar.openapi.spec import Example, Operation, RequestBody

from api.documentation.examples import plain
from api.documentation.operations import JSON
from api.review.examples import GIVEN


@dataclass
class AnswerOperation(Operation):
    """An answer that can be sent as it stands, once its photo is one of the queue."""

    def __post_init__(self) -> None:
        if not isinstance(self.request_body, RequestBody):
            raise TypeError(f"{self.operation_id} documents its body elsewhere")
        example = Example(summary="An answer", value=plain(GIVEN))
        self.request_body.content[JSON].examples = {"answer": example}
