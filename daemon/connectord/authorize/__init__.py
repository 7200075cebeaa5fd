"""authorize/"""
