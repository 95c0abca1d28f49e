"""zERT records (SMF 119 subtypes 11 and 12): layouts, codes, records, codec, and the mapping from facts.

Floors, lowest first: ``code_facts codes``, ``layouts_* layouts``, ``records records_summary``, ``codec``,
then side by side ``reader``, ``readable document``, and ``events facts local owner``, ``mapping``, then
``bulk`` and ``sessions``, ``summary``; beside them ``views``, ``leef``, ``decode_page``.
"""
