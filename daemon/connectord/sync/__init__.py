"""sync/"""
