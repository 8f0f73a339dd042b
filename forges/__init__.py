"""Forges (GitHub, GitLab, Gitea, Forgejo) and what is read from them, without knowing an APV."""
