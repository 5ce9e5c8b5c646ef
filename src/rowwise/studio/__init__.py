"""A dense network that one can see: data → network → learning → understanding, in one page of the browser.

`Studio` holds what is shown; `routes` has how the page asks for it; `page/` is the page.
"""
