"""Comments as JSON."""

from typing import Any

from rest_framework import serializers

from reviews.models import LONGEST_COMMENT, Comment

LONGEST_PLACE = 1_011
"""A path, a colon, a sign and nine digits."""


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """A comment on an APV, or on a line of the patch of one of its revisions."""

    apv_id = serializers.UUIDField(read_only=True)
    author = serializers.CharField(
        source="author.username",
        default=None,
        allow_null=True,
        help_text="The user name; null if the user was deleted.",
    )
    place = serializers.CharField(
        help_text="The line on its revision: `file:line`, `file:-line` if removed, or empty."
    )
    current_line = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="Where the unchanged line is in the current patch; null if it is gone.",
    )
    current_place = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="The unchanged line in the current patch, as `place`; null if it is gone.",
    )

    class Meta:
        model = Comment
        fields = [
            *("comment_id", "apv_id", "author", "author_name", "text", "revision", "place"),
            *("current_line", "current_place", "line_text"),
            *("created_at", "edited_at", "deleted_at"),
        ]


class CommentRequestSerializer(serializers.Serializer[dict[str, Any]]):
    """A comment to add; `place` is the line of the current patch that it is on."""

    text = serializers.CharField(
        max_length=LONGEST_COMMENT, help_text="Plain text. `@username` tells that user."
    )
    place = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=LONGEST_PLACE,
        help_text="`file:line` as the patch leaves the file, or `file:-line` for a removed line.",
    )


class CommentEditSerializer(serializers.Serializer[dict[str, Any]]):
    """The new text of a comment."""

    text = serializers.CharField(
        max_length=LONGEST_COMMENT, help_text="Plain text. `@username` tells that user."
    )
