"""control/"""
