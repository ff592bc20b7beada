"""What `recipe doctor` looks at: settings, places, what is installed, the services; each look apart.

A look changes nothing. What a finding looks like in a terminal is `commands.doctor`'s subject.
"""
