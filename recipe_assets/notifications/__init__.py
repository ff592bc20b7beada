"""What people are told without looking: one message each, to the log and to Slack.

Plain Python: the words and the sending. What happened is noticed by sensors in `defs/notifications`.
"""
