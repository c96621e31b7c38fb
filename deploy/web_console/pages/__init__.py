"""The pages, one module each: what a page needs to know, and the routes to it.

Each module has a class with `routes`; it takes what it needs when the application is put together.
Words and layout are in the templates.
"""
