"""The review page's calls: which photo a person is asked about next, and where the answer is kept."""
