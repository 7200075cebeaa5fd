"""`connectord doctor`: what on this machine keeps connectord from doing its work, and what to do about it.

Each check is a function of its own that takes what is around (`around`) and gives findings; `checks` lists them and
`run` runs them side by side. They look and ask, and change nothing: no file, no token, nothing on Base44.
"""
